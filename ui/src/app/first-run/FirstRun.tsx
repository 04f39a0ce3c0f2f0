import { Button, SegmentedControl } from '@mantine/core';
import { IconCircle, IconCircleCheckFilled } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { basePath } from '../../api/client';
import { queryClient } from '../../api/query-client';
import { applicationsQuery } from '../../applications/api';
import { environmentsQuery } from '../../environments/api';
import { useLive } from '../../eventlog/live';
import { type RowEvent, sentenceOf } from '../../eventlog/model';
import type { ListedFlag } from '../../flags/api';
import { CreateFlag } from '../../flags/CreateFlag';
import { FlagSwitch } from '../../flags/FlagSwitch';
import { snippets } from '../../flags/model';
import { Can } from '../../shared/Can';
import { Code } from '../../shared/Code';
import { Page } from '../../shared/Page';
import { failed } from '../../shared/toasts';
import { createToken } from '../../tokens/api';
import styles from './FirstRun.module.css';
import { beginningOf, firstEnvironment } from './model';

/** Three steps from nothing to a flag that an application reads; each is ticked when the log says so. */
export function FirstRun({ flags, onBegin }: { flags: ListedFlag[]; onBegin: () => void }) {
  const { on, shown, toggle } = useLive('');
  const [creating, setCreating] = useState(false);
  const apps = useQuery(applicationsQuery).data ?? [];
  const environments = useQuery(environmentsQuery).data ?? [];
  useEffect(() => {
    if (!on) toggle();
  }, [on, toggle]);
  const newest = shown[0]?.id;
  useEffect(() => {
    if (newest !== undefined) queryClient.invalidateQueries({ queryKey: ['flags'] });
  }, [newest]);
  const { created, connected, switched } = beginningOf(shown);
  const flag = flags.find((each) => each.name === created?.featureName) ?? flags[0];
  const environment = firstEnvironment(environments);
  const there = flag?.environments.find((each) => each.name === environment);
  return (
    <Page title="Three steps to the first flag" below="Each is ticked as soon as the event log tells of it.">
      <ol className={styles.steps}>
        <Step title="Create a flag" event={created} done={flag !== undefined}>
          <Can need={{ permission: 'CREATE_FEATURE' }}>
            <Button
              variant={flag ? 'default' : 'filled'}
              onClick={() => {
                onBegin();
                setCreating(true);
              }}
            >
              Create a flag
            </Button>
          </Can>
        </Step>
        <Step title="Connect an application" event={connected} done={apps.length > 0 || connected !== undefined}>
          <Connect flag={flag?.name ?? 'my-first-flag'} environment={environment} />
        </Step>
        <Step title="Switch the flag" event={switched} done={switched !== undefined}>
          {flag && there ? (
            <div className={styles.switch}>
              <FlagSwitch
                place={{ projectId: flag.project, featureName: flag.name, environment: there.name }}
                environment={there}
              />
              <span>
                {flag.name} in {there.name}
              </span>
            </div>
          ) : (
            <p className="muted">It appears here when there is one.</p>
          )}
        </Step>
      </ol>
      <p>
        <Link to="/history" search={{}} className="link">
          {switched ? 'Go on to the event log' : 'Look at the event log instead'}
        </Link>
      </p>
      {creating && <CreateFlag onClose={() => setCreating(false)} />}
    </Page>
  );
}

function Step({
  title,
  event,
  done,
  children,
}: {
  title: string;
  /** What the log told of it. */
  event: RowEvent | undefined;
  done: boolean;
  children: ReactNode;
}) {
  return (
    <li className={styles.step}>
      <h2 className={styles.title}>
        {done ? (
          <IconCircleCheckFilled size={18} className={styles.done} aria-hidden />
        ) : (
          <IconCircle size={18} aria-hidden />
        )}
        {title} <span className="hidden">{done ? '(done)' : '(to do)'}</span>
      </h2>
      <div role="status" className={styles.event}>
        {event && (
          <Link to="/history/$eventId" params={{ eventId: String(event.id) }} className="link">
            {sentenceOf(event)}
          </Link>
        )}
      </div>
      {children}
    </li>
  );
}

/** The code of an application, with this server's address and a token that was made for it. */
function Connect({ flag, environment }: { flag: string; environment: string }) {
  const [sdk, setSdk] = useState('Python');
  const making = useMutation({
    mutationFn: () => createToken({ tokenName: 'first-application', type: 'client', environment, projects: ['*'] }),
    onSuccess: () => ['tokens', 'log'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })),
    onError: (error) => failed('No token', error),
  });
  const secret = making.data?.data.secret;
  const codes = snippets(flag, `${window.location.origin}${basePath}`);
  const code = (codes[sdk] ?? '').replaceAll('<token>', secret ?? '<token>');
  return (
    <>
      <SegmentedControl size="xs" aria-label="SDK" data={Object.keys(codes)} value={sdk} onChange={setSdk} />
      <Code label={`Code for ${sdk}`} text={code} />
      {secret ? (
        <p className="muted">The token for {environment} is in the code. It is shown this once: store it now.</p>
      ) : (
        <Can need={{ permission: 'CREATE_CLIENT_API_TOKEN' }}>
          <Button loading={making.isPending} disabled={!environment} onClick={() => making.mutate()}>
            Put a fresh token into it
          </Button>
        </Can>
      )}
    </>
  );
}
