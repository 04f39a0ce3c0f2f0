import { Button, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { quoted } from '../eventlog/query';
import { archiveFlags, reviveFlags } from '../flags/api';
import { Can } from '../shared/Can';
import { Confirm } from '../shared/Confirm';
import { Page } from '../shared/Page';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import table from '../shared/table.module.css';
import { several } from '../shared/time';
import { useChange } from '../shared/useChange';
import { When } from '../shared/When';
import { type ArchivedFlag, archivedQuery, deleteFlags } from './api';

/** Flags that were archived: they can come back, or go for good. */
export function ArchivePage() {
  const [words, setWords] = useState('');
  const [asked] = useDebouncedValue(words.trim(), 250);
  const found = useInfiniteQuery({ ...archivedQuery(asked), placeholderData: (old) => old });
  const [deleting, setDeleting] = useState<ArchivedFlag | null>(null);
  const change = useChange('flags');
  if (!found.data && found.isError) return <ErrorState error={found.error} retry={() => found.refetch()} />;
  const flags = found.data?.pages.flatMap((page) => page.features);
  const total = found.data?.pages[0]?.total ?? 0;
  return (
    <Page
      title="Archived flags"
      count={found.data && several(total, 'flag')}
      below="Applications no longer hear of them. Their names stay taken until they are deleted."
    >
      <TextInput
        aria-label="Filter archived flags"
        placeholder="Filter by name or description"
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        maw={320}
        mb="md"
      />
      {!flags ? (
        <Waiting />
      ) : flags.length === 0 ? (
        <EmptyState title={asked ? 'No archived flag matches' : 'Nothing is archived'}>
          {asked ? '' : 'Flags that you archive are kept here.'}
        </EmptyState>
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Project</th>
                <th scope="col">Archived</th>
                <th scope="col">
                  <span className="hidden">More</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {flags.map((flag) => (
                <tr key={flag.name}>
                  <th scope="row">
                    {flag.name}
                    {flag.description && <div className="hint">{flag.description}</div>}
                  </th>
                  <td>{flag.project}</td>
                  <td>{flag.archivedAt && <When at={flag.archivedAt} />}</td>
                  <td className={table.number}>
                    <Link to="/history" search={{ q: `flag:${quoted(flag.name)}` }} className="link">
                      History
                    </Link>{' '}
                    <Can need={{ permission: 'UPDATE_FEATURE', project: flag.project }}>
                      <Button
                        size="compact-xs"
                        aria-label={`Revive ${flag.name}`}
                        onClick={() =>
                          change.mutate({
                            run: () => reviveFlags(flag.project, [flag.name]),
                            done: `Revived ${flag.name}. It is off everywhere.`,
                            not: 'Not revived',
                            undo: () => archiveFlags(flag.project, [flag.name]),
                          })
                        }
                      >
                        Revive
                      </Button>
                    </Can>{' '}
                    <Can need={{ permission: 'DELETE_FEATURE', project: flag.project }}>
                      <Button
                        size="compact-xs"
                        color="red"
                        aria-label={`Delete ${flag.name}`}
                        onClick={() => setDeleting(flag)}
                      >
                        Delete
                      </Button>
                    </Can>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {found.hasNextPage && (
        <Button mt="md" loading={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
          Show more
        </Button>
      )}
      {deleting && (
        <Confirm
          opened
          title={`Delete ${deleting.name} for good`}
          act="Delete flag"
          typed={deleting.name}
          busy={change.isPending}
          onClose={() => setDeleting(null)}
          onConfirm={() =>
            change.mutate(
              {
                run: () => deleteFlags(deleting.project, [deleting.name]),
                done: `Deleted ${deleting.name}.`,
                not: 'Not deleted',
              },
              { onSuccess: () => setDeleting(null) },
            )
          }
        >
          Its strategies, variants and counts go along, and its name is free again. The event log keeps its history.
        </Confirm>
      )}
    </Page>
  );
}
