import { ActionIcon, Button, Menu } from '@mantine/core';
import { IconBookmark, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { queryClient } from '../api/query-client';
import { failed, toast } from '../shared/toasts';
import { deleteSearch, type SavedSearch, saveSearch, searchesQuery } from './api';
import styles from './SavedSearches.module.css';

const SaveForm = lazy(() => import('./SaveForm'));

const again = () => queryClient.invalidateQueries({ queryKey: ['log'] });

/** Queries under a name: the reader's own, and those that all share. */
export function SavedSearches({ q, onRun }: { q: string; onRun: (q: string) => void }) {
  const searches = useQuery(searchesQuery).data ?? [];
  const [saving, setSaving] = useState(false);
  const remove = useMutation({
    mutationFn: (search: SavedSearch) => deleteSearch(search.id),
    onSuccess: (_, search) => {
      again();
      toast(`Deleted ${search.name}.`, () =>
        saveSearch({ name: search.name, query: search.query, shared: search.shared }).then(again, (error) =>
          failed('Not restored', error),
        ),
      );
    },
    onError: (error) => failed('Not deleted', error),
  });
  return (
    <>
      <Menu width={320}>
        <Menu.Target>
          <Button leftSection={<IconBookmark size={15} />}>Saved searches</Button>
        </Menu.Target>
        <Menu.Dropdown>
          {searches.length === 0 && <Menu.Label>There is none yet.</Menu.Label>}
          {searches.map((search) => (
            <div key={search.id} className={styles.search}>
              <Menu.Item className={styles.run} onClick={() => onRun(search.query)}>
                <span className="cut">{search.name}</span>
                <code className={`${styles.query} cut`}>{search.query}</code>
              </Menu.Item>
              {search.mine && (
                <ActionIcon aria-label={`Delete ${search.name}`} onClick={() => remove.mutate(search)}>
                  <IconTrash size={14} />
                </ActionIcon>
              )}
            </div>
          ))}
          <Menu.Divider />
          <Menu.Item disabled={!q} onClick={() => setSaving(true)}>
            Save this query
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {saving && (
        <Suspense fallback={null}>
          <SaveForm q={q} onClose={() => setSaving(false)} />
        </Suspense>
      )}
    </>
  );
}
