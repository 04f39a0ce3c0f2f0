import { ActionIcon } from '@mantine/core';
import { IconBell } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { countOf } from '../shared/time';
import { notificationsQuery } from './api';
import styles from './Bell.module.css';
import { unread } from './model';

const News = lazy(() => import('./News'));

/** What others did to the reader's flags: how much of it is new, and what it is. */
export function Bell() {
  const fresh = unread(useQuery(notificationsQuery).data ?? []).length;
  const [open, setOpen] = useState(false);
  return (
    <>
      <ActionIcon
        aria-label={fresh ? `Notifications, ${countOf(fresh)} unread` : 'Notifications'}
        aria-haspopup="dialog"
        onClick={() => setOpen(true)}
        style={{ overflow: 'visible' }}
      >
        <IconBell size={16} />
        {fresh > 0 && (
          <span className={styles.count} aria-hidden>
            {fresh > 99 ? '99+' : fresh}
          </span>
        )}
      </ActionIcon>
      {open && (
        <Suspense fallback={null}>
          <News onClose={() => setOpen(false)} />
        </Suspense>
      )}
    </>
  );
}
