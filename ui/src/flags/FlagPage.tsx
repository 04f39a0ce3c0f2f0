import { Button, Menu } from '@mantine/core';
import { IconDots, IconHistory } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { Can } from '../shared/Can';
import { Chip } from '../shared/Chip';
import { Confirm } from '../shared/Confirm';
import { Stale } from '../shared/Meanwhile';
import { Page } from '../shared/Page';
import { Star } from '../shared/Star';
import { ErrorState, Waiting } from '../shared/states';
import { useChange } from '../shared/useChange';
import { archiveFlags, type Flag, flagQuery, markStale, reviveFlags, segmentsQuery, setFavorite } from './api';
import { Dependencies } from './Dependencies';
import { EditFlag } from './EditFlag';
import { EnvironmentCard } from './EnvironmentCard';
import styles from './FlagPage.module.css';
import { LatestChanges } from './LatestChanges';
import { Lifecycle } from './Lifecycle';
import { Links } from './Links';
import { SdkCode } from './SdkCode';
import { Tags } from './Tags';
import { Usage } from './Usage';

/** A flag: what it does in each environment, said in sentences, and what changed last. */
export function FlagPage() {
  const { projectId, featureName } = useParams({ from: '/shell/projects/$projectId/features/$featureName' });
  const found = useQuery(flagQuery(projectId, featureName));
  const segments = useQuery(segmentsQuery).data;
  const names = useMemo(() => new Map((segments ?? []).map((each) => [each.id, each.name])), [segments]);
  if (!found.data && found.isError) return <ErrorState error={found.error} retry={() => found.refetch()} />;
  if (!found.data) return <Waiting />;
  const flag = found.data;
  return (
    <Page
      title={flag.name}
      large
      above={
        <>
          <Link to="/search">Flags</Link> /{' '}
          <Link to="/projects/$projectId" params={{ projectId }}>
            {projectId}
          </Link>
        </>
      }
      below={flag.description}
      actions={<FlagActions flag={flag} />}
    >
      <Stale error={found.error} what="flag" />
      <div className={styles.facts}>
        <Chip tone="outline">{flag.type}</Chip>
        {flag.stale && <Chip tone="warning">stale</Chip>}
        {flag.archived && <Chip tone="removed">archived</Chip>}
        {flag.impressionData && <Chip tone="outline">impression data</Chip>}
        <Tags flag={flag} />
      </div>
      <div className={styles.columns}>
        <div className={styles.environments}>
          {flag.environments.map((environment) => (
            <EnvironmentCard
              key={environment.name}
              place={{ projectId, featureName, environment: environment.name }}
              environment={environment}
              segments={names}
            />
          ))}
          <Usage flag={flag} />
          <SdkCode name={flag.name} />
        </div>
        <div className={styles.aside}>
          <Lifecycle flag={flag} />
          <Dependencies flag={flag} />
          <Links flag={flag} />
          <LatestChanges projectId={projectId} featureName={featureName} />
        </div>
      </div>
    </Page>
  );
}

function FlagActions({ flag }: { flag: Flag }) {
  const change = useChange('flags');
  const navigate = useNavigate();
  const [editing, setEditing] = useState(false);
  const [archiving, setArchiving] = useState(false);
  const { project, name } = flag;
  return (
    <>
      <Star name={name} slice="flags" favorite={flag.favorite} set={(favorite) => setFavorite(flag, favorite)} />
      <Button
        component={Link}
        to={`/projects/${encodeURIComponent(project)}/features/${encodeURIComponent(name)}/logs`}
        leftSection={<IconHistory size={15} />}
      >
        History
      </Button>
      <Can need={{ permission: 'UPDATE_FEATURE', project }}>
        <Button onClick={() => setEditing(true)}>Edit</Button>
      </Can>
      <Menu>
        <Menu.Target>
          <Button aria-label="More" px={8}>
            <IconDots size={15} />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item
            onClick={() =>
              change.mutate({
                run: () => markStale(project, [name], !flag.stale),
                done: flag.stale ? `${name} is no longer stale.` : `Marked ${name} as stale.`,
                not: 'Not marked',
                undo: () => markStale(project, [name], flag.stale),
              })
            }
          >
            {flag.stale ? 'Mark as not stale' : 'Mark as stale'}
          </Menu.Item>
          {flag.archived ? (
            <Menu.Item
              onClick={() =>
                change.mutate({
                  run: () => reviveFlags(project, [name]),
                  done: `Revived ${name}.`,
                  not: 'Not revived',
                  undo: () => archiveFlags(project, [name]),
                })
              }
            >
              Revive
            </Menu.Item>
          ) : (
            <Menu.Item color="red" onClick={() => setArchiving(true)}>
              Archive
            </Menu.Item>
          )}
        </Menu.Dropdown>
      </Menu>
      {editing && <EditFlag flag={flag} onClose={() => setEditing(false)} />}
      <Confirm
        opened={archiving}
        title={`Archive ${name}?`}
        act="Archive flag"
        busy={change.isPending}
        onClose={() => setArchiving(false)}
        onConfirm={() =>
          change.mutate(
            {
              run: () => archiveFlags(project, [name]),
              done: `Archived ${name}.`,
              not: 'Not archived',
              undo: () => reviveFlags(project, [name]),
            },
            { onSuccess: () => navigate({ to: '/projects/$projectId', params: { projectId: project } }) },
          )
        }
      >
        <p>Applications then see it as off. It can be revived, with its strategies.</p>
      </Confirm>
    </>
  );
}
