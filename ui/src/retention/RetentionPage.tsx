import { Alert, Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../session/permissions';
import { ConfirmChange } from '../shared/ConfirmChange';
import { FormDialog } from '../shared/FormDialog';
import { Table } from '../shared/ListPage';
import { Page } from '../shared/Page';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import table from '../shared/table.module.css';
import { countOf, several, wholeTime } from '../shared/time';
import { useChange } from '../shared/useChange';
import { When } from '../shared/When';
import { type Archive, archiveQuery, type Hold, liftHold, placeHold, runArchive } from './api';
import { policyText, sizeOf } from './model';
import { Pseudonyms } from './Pseudonyms';
import styles from './Retention.module.css';

/** How the log is kept: what is archived, what must not leave, and who was forgotten. */
export function RetentionPage() {
  const admin = useMay()({ permission: 'ADMIN' });
  const found = useQuery({ ...archiveQuery, enabled: admin });
  if (!admin)
    return (
      <Page title="Log keeping">
        <EmptyState title="Only administrators see how the log is kept">Ask one to change your role.</EmptyState>
      </Page>
    );
  if (!found.data && found.isError) return <ErrorState error={found.error} retry={() => found.refetch()} />;
  return (
    <Page
      title="Log keeping"
      below="Old events move to the archive by a rule, and stay searchable there. Events are numbered without a gap: whoever has every number between two has all that happened between them."
    >
      {found.data ? (
        <>
          <State archive={found.data} />
          <Holds holds={found.data.holds} />
          <Pseudonyms held={found.data.holds.length > 0} />
          <Segments archive={found.data} />
        </>
      ) : (
        <Waiting />
      )}
    </Page>
  );
}

function State({ archive }: { archive: Archive }) {
  const change = useChange('retention');
  const { lastRun, holds, firstInDatabase } = archive;
  const working = lastRun?.finishedAt === null;
  return (
    <section aria-labelledby="archive">
      <h2 id="archive">Archive</h2>
      <p>{policyText(archive.policy)}</p>
      <dl className={styles.facts}>
        <dt>Newest event</dt>
        <dd>
          <Link to="/history/$eventId" params={{ eventId: String(archive.lastId) }}>
            #{countOf(archive.lastId)}
          </Link>
        </dd>
        <dt>In the database from</dt>
        <dd>{firstInDatabase === null ? 'none: all are archived' : `#${countOf(firstInDatabase)}`}</dd>
        <dt>Archived</dt>
        <dd>
          {several(archive.archivedEvents, 'event')}, {sizeOf(archive.size)}
        </dd>
        <dt>Kept in</dt>
        <dd>{archive.archive ?? 'No archive is configured: FLAGKEEPER_ARCHIVE names one.'}</dd>
        <dt>Last run</dt>
        <dd>
          {!lastRun ? (
            'never'
          ) : working ? (
            'under way'
          ) : (
            <>
              <When at={lastRun.startedAt} />, {several(lastRun.events, 'event')}
            </>
          )}
        </dd>
      </dl>
      {lastRun?.error && (
        <Alert color="red" variant="light" title="The last run failed">
          {lastRun.error}
        </Alert>
      )}
      <Button
        loading={change.isPending}
        disabled={!archive.archive || holds.length > 0 || working}
        onClick={() => change.mutate({ run: runArchive, done: 'Archiving has begun.', not: 'Not begun' })}
      >
        Archive now
      </Button>{' '}
      {holds.length > 0 && <span className="hint">A hold keeps every event where it is.</span>}
    </section>
  );
}

function Holds({ holds }: { holds: Hold[] }) {
  const [placing, setPlacing] = useState(false);
  const [reason, setReason] = useState('');
  const [lifting, setLifting] = useState<Hold | null>(null);
  return (
    <section aria-labelledby="holds" className={styles.section}>
      <h2 id="holds">Legal holds</h2>
      <p className="muted">While one stands, no event leaves the database, and no name is replaced.</p>
      {holds.length > 0 && (
        <Table columns={['Reason', 'Placed by', 'When', 'more']}>
          {holds.map((hold) => (
            <tr key={hold.id}>
              <th scope="row">{hold.reason}</th>
              <td>{hold.createdBy}</td>
              <td>
                <When at={hold.createdAt} />
              </td>
              <td className={table.number}>
                <Button size="compact-xs" aria-label={`Lift the hold ${hold.reason}`} onClick={() => setLifting(hold)}>
                  Lift
                </Button>
              </td>
            </tr>
          ))}
        </Table>
      )}
      <Button mt="sm" onClick={() => setPlacing(true)}>
        Place a hold
      </Button>
      {placing && (
        <FormDialog
          title="Place a legal hold"
          act="Place hold"
          ready={reason.trim() !== ''}
          keys={['retention']}
          done="The hold stands."
          run={() => placeHold(reason.trim())}
          onClose={() => {
            setPlacing(false);
            setReason('');
          }}
        >
          {(about) => (
            <TextInput
              label="Reason"
              description="It is in the log, with your name"
              value={reason}
              error={about('reason')}
              onChange={(event) => setReason(event.currentTarget.value)}
              data-autofocus
            />
          )}
        </FormDialog>
      )}
      {lifting && (
        <ConfirmChange
          title="Lift the hold"
          act="Lift hold"
          slice="retention"
          change={{ run: () => liftHold(lifting.id), done: 'The hold is lifted.', not: 'Not lifted' }}
          onClose={() => setLifting(null)}
        >
          "{lifting.reason}" was placed {wholeTime(lifting.createdAt)}. From then on the rules of the archive hold
          again.
        </ConfirmChange>
      )}
    </section>
  );
}

function Segments({ archive }: { archive: Archive }) {
  if (!archive.segments.length) return null;
  return (
    <details className={styles.section}>
      <summary>{several(archive.segments.length, 'file')} of the archive</summary>
      <Table columns={['File', 'Events', 'Until', 'Size', 'SHA-256']}>
        {archive.segments.map((each) => (
          <tr key={each.firstId}>
            <th scope="row">
              <code>{each.file}</code>
            </th>
            <td>
              #{countOf(each.firstId)} to #{countOf(each.lastId)}
            </td>
            <td>{wholeTime(each.lastAt)}</td>
            <td>{sizeOf(each.size)}</td>
            <td>
              <code title={each.sha256}>{each.sha256.slice(0, 12)}…</code>
            </td>
          </tr>
        ))}
      </Table>
    </details>
  );
}
