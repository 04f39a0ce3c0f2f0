import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { queryClient } from '../api/query-client';
import Sheet from '../shared/Sheet';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import { several } from '../shared/time';
import { failed } from '../shared/toasts';
import { useChange } from '../shared/useChange';
import { When } from '../shared/When';
import { markRead, notificationsQuery } from './api';
import styles from './Bell.module.css';
import { plain, unread } from './model';

/** What one opens is read: there is nothing to be told of it, unless it fails. */
const markOne = (id: number) =>
  markRead([id]).then(
    () => queryClient.invalidateQueries({ queryKey: ['notifications'] }),
    (error) => failed('Not marked as read', error),
  );

/** The last things that others did to flags that the reader made or likes. */
export default function News({ onClose }: { onClose: () => void }) {
  const found = useQuery(notificationsQuery);
  const change = useChange('notifications');
  const fresh = unread(found.data ?? []);
  return (
    <Sheet title="Notifications" onClose={onClose}>
      {found.isError && !found.data ? (
        <ErrorState error={found.error} retry={() => found.refetch()} />
      ) : !found.data ? (
        <Waiting rows={4} />
      ) : found.data.length === 0 ? (
        <EmptyState title="Nothing yet">
          What others do to flags that you made, or that are your favourites, will be told here.
        </EmptyState>
      ) : (
        <>
          {fresh.length > 0 && (
            <Button
              mb="sm"
              loading={change.isPending}
              onClick={() =>
                change.mutate({
                  run: () => markRead(fresh),
                  done: `${several(fresh.length, 'notification')} marked as read.`,
                  not: 'Not marked as read',
                })
              }
            >
              Mark all as read
            </Button>
          )}
          <ul className={styles.list}>
            {found.data.map((each) => (
              <li key={each.id} className={`${styles.item} ${each.readAt ? '' : styles.unread}`}>
                {!each.readAt && <span className="hidden">Unread: </span>}
                <Link
                  to="/history/$eventId"
                  params={{ eventId: String(each.id) }}
                  onClick={() => {
                    if (!each.readAt) markOne(each.id);
                    onClose();
                  }}
                >
                  {plain(each.message)}
                </Link>
                <div className="hint">
                  <When at={each.createdAt} />
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
    </Sheet>
  );
}
