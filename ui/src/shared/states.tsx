import { Button, Skeleton } from '@mantine/core';
import type { ReactNode } from 'react';
import { ApiError, messageOf } from '../api/errors';
import styles from './states.module.css';

/** There is nothing: why, and what to do about it. */
export function EmptyState({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className={styles.state}>
      <h2 className={styles.title}>{title}</h2>
      {children && <div className={styles.text}>{children}</div>}
    </div>
  );
}

/** It failed: what, why, and how to go on. The number of the error is under "Details". */
export function ErrorState({ error, retry }: { error: unknown; retry?: () => void }) {
  const missing = error instanceof ApiError && error.status === 404;
  const id = error instanceof ApiError ? error.body.id : undefined;
  return (
    <div className={styles.state} role="alert">
      <h2 className={styles.title}>{missing ? 'There is nothing here' : 'This could not be loaded'}</h2>
      <div className={styles.text}>{messageOf(error)}</div>
      {retry && !missing && <Button onClick={retry}>Try again</Button>}
      {id && (
        <details className={styles.text}>
          <summary>Details</summary>
          <code>{id}</code>
        </details>
      )}
    </div>
  );
}

/** Where rows will be. */
export function Waiting({ rows = 8, label = 'Loading' }: { rows?: number; label?: string }) {
  return (
    <div className={styles.waiting} role="status" aria-label={label}>
      {Array.from({ length: rows }, (_, row) => (
        <Skeleton key={row} height={12} width={`${90 - ((row * 17) % 45)}%`} />
      ))}
    </div>
  );
}
