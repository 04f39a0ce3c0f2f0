import { Button } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { quoted } from '../eventlog/query';
import { archiveFlags, reviveFlags } from '../flags/api';
import { Can } from '../shared/Can';
import { ConfirmChange } from '../shared/ConfirmChange';
import { ListPage } from '../shared/ListPage';
import table from '../shared/table.module.css';
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
  const flags = found.data?.pages.flatMap((page) => page.features);
  const total = found.data?.pages[0]?.total ?? 0;
  return (
    <ListPage
      title="Archived flags"
      noun="archived flag"
      below="Applications no longer hear of them. Their names stay taken until they are deleted."
      question={found}
      rows={flags}
      total={total}
      columns={['Name', 'Project', 'Archived', 'more']}
      look="Filter by name or description"
      asked={{ words, onChange: setWords }}
      empty="Flags that you archive are kept here."
      row={(flag) => (
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
      )}
    >
      {found.hasNextPage && (
        <Button mt="md" loading={found.isFetchingNextPage} onClick={() => found.fetchNextPage()}>
          Show more
        </Button>
      )}
      {deleting && (
        <ConfirmChange
          title={`Delete ${deleting.name} for good`}
          act="Delete flag"
          typed={deleting.name}
          slice="flags"
          change={{
            run: () => deleteFlags(deleting.project, [deleting.name]),
            done: `Deleted ${deleting.name}.`,
            not: 'Not deleted',
          }}
          onClose={() => setDeleting(null)}
        >
          Its strategies, variants and counts go along, and its name is free again. The event log keeps its history.
        </ConfirmChange>
      )}
    </ListPage>
  );
}
