import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { environmentsQuery } from '../environments/api';
import { Mark } from '../shared/Mark';
import { Page } from '../shared/Page';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import { several, timeOf, utc, wholeTime } from '../shared/time';
import { whatChangedQuery } from './api';
import { Delta } from './Delta';
import { headingOf, partsOf } from './model';
import styles from './WhatChanged.module.css';
import { type Around, distance, type Entry, localMinute, WINDOWS } from './what-changed';

/** For whoever asks at three in the morning: what changed before it broke, the most telling first. */
export function WhatChangedPage() {
  const around: Around = useSearch({ strict: false });
  const navigate = useNavigate();
  const found = useQuery({ ...whatChangedQuery(around), placeholderData: (old) => old });
  const set = (next: Around) => navigate({ to: '.', search: (old) => ({ ...old, ...next }), replace: true });
  const entries = found.data?.entries ?? [];
  return (
    <Page
      title="What changed"
      below="Around a moment: first what applications may have noticed, the nearest before the moment first of all."
    >
      <Question around={around} set={set} />
      {found.isError && !found.data ? (
        <ErrorState error={found.error} retry={() => found.refetch()} />
      ) : !found.data ? (
        <Waiting />
      ) : (
        <div aria-busy={found.isPlaceholderData} style={{ opacity: found.isPlaceholderData ? 0.55 : 1 }}>
          <p className="hint" title={`${utc(found.data.from)} - ${utc(found.data.to)}`}>
            From {wholeTime(found.data.from)} to {wholeTime(found.data.to)}
          </p>
          {entries.length === 0 && (
            <EmptyState title="Nothing changed">Look further back, or into every environment.</EmptyState>
          )}
          <Entries title="Applications may have noticed" entries={entries.filter((each) => each.key)} />
          <Entries title="Everything else" entries={entries.filter((each) => !each.key)} />
          {found.data.leftOut.events > 0 && (
            <p>
              <Link to="/history" search={{ q: found.data.leftOut.query }} className="link">
                {several(found.data.leftOut.events, 'more event')}, in the event log
              </Link>
            </p>
          )}
        </div>
      )}
    </Page>
  );
}

function Question({ around, set }: { around: Around; set: (next: Around) => void }) {
  const environments = useQuery(environmentsQuery).data ?? [];
  return (
    <div className={styles.ask} role="search" aria-label="Around which moment">
      <TextInput
        type="datetime-local"
        label="Moment"
        value={around.at ? localMinute(around.at) : ''}
        onChange={(event) => {
          const { value } = event.currentTarget;
          set({ at: value ? new Date(value).toISOString() : undefined });
        }}
      />
      <NativeSelect
        label="And before it"
        data={WINDOWS}
        value={around.window ?? '30m'}
        onChange={(event) => set({ window: event.currentTarget.value })}
      />
      <NativeSelect
        label="In"
        data={[{ value: '', label: 'every environment' }, ...environments.map((each) => each.name)]}
        value={around.environment ?? ''}
        onChange={(event) => set({ environment: event.currentTarget.value || undefined })}
      />
      <Button disabled={!around.at} onClick={() => set({ at: undefined })}>
        Now
      </Button>
    </div>
  );
}

function Entries({ title, entries }: { title: string; entries: Entry[] }) {
  if (!entries.length) return null;
  return (
    <section aria-label={title}>
      <h2>{title}</h2>
      <ol className={styles.entries}>
        {entries.map((entry) => (
          <li key={entry.events[0]?.event.id} className={styles.entry}>
            <div>
              <strong>{distance(entry.secondsBefore)}</strong>
              <div className="hint" title={utc(entry.createdAt)}>
                {timeOf(entry.createdAt)}
              </div>
            </div>
            <Events entry={entry} />
          </li>
        ))}
      </ol>
    </section>
  );
}

const MOST_CHANGES = 3;

function Events({ entry }: { entry: Entry }) {
  const more = entry.total - entry.events.length;
  return (
    <ul className={styles.events}>
      {entry.events.map(({ event }) => {
        const { tone, changes, more } = partsOf(event);
        const others = changes.length - MOST_CHANGES + more;
        return (
          <li key={event.id} className={styles.event}>
            <Mark tone={tone} />
            <span className={styles.told}>
              <Link to="/history/$eventId" params={{ eventId: String(event.id) }}>
                {headingOf(event)}
              </Link>{' '}
              {tone === 'changed' &&
                changes.slice(0, MOST_CHANGES).map((change) => <Delta key={change.label} change={change} />)}
              {tone === 'changed' && others > 0 && <span className="hint">and {others} more</span>}
            </span>
          </li>
        );
      })}
      {more > 0 && (
        <li>
          <Link to="/history" search={{ q: `group:${entry.groupId}` }} className="link">
            {several(more, 'more event')} of the same request
          </Link>
        </li>
      )}
    </ul>
  );
}
