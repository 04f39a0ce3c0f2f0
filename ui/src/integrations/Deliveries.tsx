import { Button, SegmentedControl } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Fragment, useState } from 'react';
import { useTypeLabels } from '../eventlog/types';
import { useMay } from '../session/permissions';
import { Can } from '../shared/Can';
import { Chip } from '../shared/Chip';
import { Table } from '../shared/ListPage';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import table from '../shared/table.module.css';
import { countOf } from '../shared/time';
import { useChange } from '../shared/useChange';
import { When } from '../shared/When';
import { type Attempt, attemptsQuery, type Delivery, deliveriesQuery, sendAgain } from './api';
import styles from './Integrations.module.css';
import { byEvent, STATES, until } from './model';
import { Replay } from './Replay';

const SHOWN = [
  { value: '', label: 'All' },
  { value: 'waiting', label: 'Waiting' },
  { value: 'dead', label: 'Given up' },
  { value: 'done', label: 'Delivered' },
];
const DOTS: Record<Attempt['state'], [string, string, string | undefined]> = {
  success: ['✓', 'arrived', styles.good],
  failed: ['✕', 'failed', styles.bad],
  successWithErrors: ['!', 'arrived, with errors', styles.partly],
};

/** What was sent, is waiting, or was given up: a row for each event, with every attempt. */
export function Deliveries({ id }: { id: number }) {
  const [state, setState] = useState('');
  const [open, setOpen] = useState<number | null>(null);
  const [replaying, setReplaying] = useState(false);
  const may = useMay();
  const allowed = may({ permission: 'UPDATE_ADDON' });
  const found = useInfiniteQuery({
    ...deliveriesQuery(id, (state || undefined) as Delivery['state'] | undefined),
    enabled: allowed,
  });
  const attempts = useQuery({ ...attemptsQuery(id), enabled: may({ permission: 'ADMIN' }) }).data;
  const rows = found.data?.pages.flatMap((page) => page.deliveries);
  const of = byEvent(attempts ?? []);
  if (!allowed) return null;
  return (
    <section className={styles.section} aria-labelledby="deliveries">
      <h2 id="deliveries">
        Deliveries <span className="muted">{found.data && countOf(found.data.pages[0]?.total ?? 0)}</span>
      </h2>
      <div className={styles.bar}>
        <SegmentedControl size="xs" aria-label="Deliveries to show" data={SHOWN} value={state} onChange={setState} />
        <Button leftSection={<IconRefresh size={14} />} onClick={() => setReplaying(true)}>
          Replay a range
        </Button>
      </div>
      {found.isError ? (
        <ErrorState error={found.error} retry={() => found.refetch()} />
      ) : !rows ? (
        <Waiting rows={3} label="Loading deliveries" />
      ) : rows.length === 0 ? (
        <EmptyState title={state ? 'There is none in this state' : 'Nothing was to be sent yet'}>
          Events that match are listed here from the moment that they happen.
        </EmptyState>
      ) : (
        <Table columns={['Event', 'State', 'Attempts', 'Next', 'Since', 'more']}>
          {rows.map((each) => (
            <Fragment key={each.eventId}>
              <Row
                id={id}
                delivery={each}
                attempts={of.get(each.eventId) ?? []}
                open={open === each.eventId}
                onOpen={() => setOpen(open === each.eventId ? null : each.eventId)}
              />
              {open === each.eventId && (
                <tr>
                  <td colSpan={6}>
                    <Attempts delivery={each} attempts={of.get(each.eventId) ?? []} seen={attempts !== undefined} />
                  </td>
                </tr>
              )}
            </Fragment>
          ))}
        </Table>
      )}
      {found.hasNextPage && (
        <Button mt="md" loading={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
          Show older deliveries
        </Button>
      )}
      {replaying && <Replay id={id} onClose={() => setReplaying(false)} />}
    </section>
  );
}

function Row({
  id,
  delivery,
  attempts,
  open,
  onOpen,
}: {
  id: number;
  delivery: Delivery;
  attempts: Attempt[];
  open: boolean;
  onOpen: () => void;
}) {
  const change = useChange('integrations');
  const labels = useTypeLabels();
  const { label, tone } = STATES[delivery.state];
  const name = `event ${delivery.eventId}`;
  return (
    <tr>
      <th scope="row">
        <Link to="/history/$eventId" params={{ eventId: String(delivery.eventId) }}>
          {labels.get(delivery.eventType) ?? delivery.eventType} <span className="hint">#{delivery.eventId}</span>
        </Link>
      </th>
      <td>
        <Chip tone={tone}>{label}</Chip>
      </td>
      <td>
        <button type="button" className="link" aria-expanded={open} onClick={onOpen}>
          <span className="hidden">Attempts of {name}: </span>
          <Dots delivery={delivery} attempts={attempts} />
        </button>
      </td>
      <td>{delivery.state === 'waiting' ? until(delivery.dueAt ?? new Date(0).toISOString()) : ''}</td>
      <td>
        <When at={delivery.since} />
      </td>
      <td className={table.number}>
        <Can need={{ permission: 'UPDATE_ADDON' }}>
          <Button
            size="compact-xs"
            aria-label={`Send again: ${name}`}
            onClick={() =>
              change.mutate({
                run: () => sendAgain(id, delivery.eventId),
                done: `Event ${delivery.eventId} is sent again.`,
                not: 'Not sent again',
              })
            }
          >
            Send again
          </Button>
        </Can>
      </td>
    </tr>
  );
}

/** A sign for each attempt: what came of it, where that is known. */
function Dots({ delivery, attempts }: { delivery: Delivery; attempts: Attempt[] }) {
  if (!attempts.length && !delivery.attempts) return <span className="muted">none yet</span>;
  const unknown = Math.max(0, delivery.attempts - attempts.length);
  return (
    <span className={styles.dots}>
      {unknown > 0 && <span className={styles.unknown}>{unknown > 3 ? `${unknown} ×` : '●'.repeat(unknown)}</span>}
      {attempts.slice(-12).map((each) => (
        <span key={each.id} className={DOTS[each.state][2]} title={each.stateDetails}>
          {DOTS[each.state][0]}
        </span>
      ))}
    </span>
  );
}

function Attempts({ delivery, attempts, seen }: { delivery: Delivery; attempts: Attempt[]; seen: boolean }) {
  if (!seen) return <p className="muted">What was answered is shown to administrators.</p>;
  const older = delivery.attempts - attempts.length;
  return (
    <>
      {older > 0 && <p className="hint">{older} older: not among the last hundred attempts of this integration.</p>}
      {attempts.length === 0 && older <= 0 && <p className="muted">It was not tried yet.</p>}
      <ol className={styles.attempts} aria-label={`Attempts to send event ${delivery.eventId}`}>
        {attempts.map((each) => (
          <li key={each.id}>
            <span className={DOTS[each.state][2]}>{DOTS[each.state][1]}</span> <When at={each.createdAt} />:{' '}
            {each.stateDetails}
          </li>
        ))}
      </ol>
    </>
  );
}
