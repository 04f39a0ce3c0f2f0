import { Button, Tabs } from '@mantine/core';
import { IconLink, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { basePath } from '../api/client';
import { useKeys } from '../app/shortcuts';
import { Code } from '../shared/Code';
import { ChangeList } from '../shared/diff/ChangeList';
import { changesOf } from '../shared/diff/changes';
import { ErrorState, Waiting } from '../shared/states';
import { several, wholeTime } from '../shared/time';
import { toast } from '../shared/toasts';
import { When } from '../shared/When';
import { eventQuery } from './api';
import { Sides } from './diff/Sides';
import styles from './EventDetails.module.css';
import type { LogEvent, RowEvent } from './model';
import { UndoButton } from './UndoButton';

const TABS = ['changes', 'sides', 'json'];

/** An event in place: what it changed, before and after, all of it, and the way back. */
export function EventDetails({
  id,
  event,
  onClose,
  onChanged,
}: {
  id: number;
  event?: RowEvent;
  onClose?: () => void;
  onChanged: () => void;
}) {
  const page = useQuery(eventQuery(id));
  const [tab, setTab] = useState<string | null>('changes');
  const whole = page.data?.event;
  useKeys(
    useMemo(() => {
      const step = (by: number) => () =>
        setTab((old) => TABS[Math.min(TABS.length - 1, Math.max(0, TABS.indexOf(old ?? '') + by))] ?? 'changes');
      return { '[': step(-1), ']': step(1), c: () => copyLink(id) };
    }, [id]),
  );
  if (!page.data && page.isError) return <ErrorState error={page.error} retry={() => page.refetch()} />;
  return (
    <div className={styles.details}>
      <Tabs value={tab} onChange={setTab} keepMounted={false}>
        <div className={styles.head}>
          <Tabs.List aria-label="Views of the event">
            <Tabs.Tab value="changes">Changes</Tabs.Tab>
            <Tabs.Tab value="sides">Before and after</Tabs.Tab>
            <Tabs.Tab value="json">JSON</Tabs.Tab>
          </Tabs.List>
          <span className={styles.actions}>
            <Button variant="subtle" color="gray" leftSection={<IconLink size={14} />} onClick={() => copyLink(id)}>
              Copy link
            </Button>
            {whole && <UndoButton event={whole} onDone={onChanged} />}
            {onClose && (
              <Button variant="subtle" color="gray" aria-label="Close the event" onClick={onClose} px={6}>
                <IconX size={14} />
              </Button>
            )}
          </span>
        </div>
        <Tabs.Panel value="changes">
          {whole ? <ChangeList changes={changesOf(whole)} empty={whyNone(whole)} /> : <Waiting rows={3} />}
        </Tabs.Panel>
        <Tabs.Panel value="sides">{whole ? <Sides event={whole} /> : <Waiting rows={3} />}</Tabs.Panel>
        <Tabs.Panel value="json">
          <Code bare label="The event as JSON" text={JSON.stringify(whole ?? event, null, 2)} />
        </Tabs.Panel>
      </Tabs>
      {whole && <Foot event={whole} others={(page.data?.group?.total ?? 1) - 1} />}
    </div>
  );
}

/** All that one cites: when, who, from where, why, and its number. */
function Foot({ event, others }: { event: LogEvent; others: number }) {
  return (
    <dl className={styles.foot}>
      <div>
        <dt>When</dt>
        <dd>
          {wholeTime(event.createdAt)} (<When at={event.createdAt} />) <code>{event.createdAt}</code>
        </dd>
      </div>
      <div>
        <dt>Who</dt>
        <dd>
          {event.createdBy}
          {event.actorKind && `, by ${KINDS[event.actorKind] ?? event.actorKind}`}
          {event.ip && ` from ${event.ip}`}
        </dd>
      </div>
      {event.reason && (
        <div>
          <dt>Why</dt>
          <dd>{event.reason}</dd>
        </div>
      )}
      {event.ticket && (
        <div>
          <dt>Ticket</dt>
          <dd>{event.ticket}</dd>
        </div>
      )}
      <div>
        <dt>Event</dt>
        <dd>
          <Link to="/history/$eventId" params={{ eventId: String(event.id) }}>
            #{event.id}
          </Link>{' '}
          <code>{event.type}</code>
          {others > 0 && (
            <>
              , with{' '}
              <Link to="/history" search={{ q: `group:${event.groupId}` }}>
                {several(others, 'other')} of the same request
              </Link>
            </>
          )}
        </dd>
      </div>
    </dl>
  );
}

function whyNone(event: LogEvent): string {
  if (/-(enabled|disabled)$/.test(event.type)) return `${event.label}: nothing else changed.`;
  return 'No field differs between before and after.';
}

const KINDS: Record<string, string> = {
  user: 'a person',
  pat: 'a personal token',
  token: 'an API token',
  sdk: 'an SDK',
  operator: 'an operator at the terminal',
  system: 'the server itself',
};

export function linkTo(id: number): string {
  return `${window.location.origin}${basePath}/history/${id}`;
}

async function copyLink(id: number): Promise<void> {
  try {
    await navigator.clipboard.writeText(linkTo(id));
    toast('Link copied.');
  } catch {
    toast(`The browser does not let us copy. The link is ${linkTo(id)}`);
  }
}
