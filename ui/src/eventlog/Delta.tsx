import styles from './Delta.module.css';
import type { RowChange } from './model';

/** One change in one line: `rollout 97 % → 93 %`, `userId is one of +10 −14`. */
export function Delta({ change }: { change: RowChange }) {
  const { label, before, after, added, removed } = change;
  return (
    <span className={styles.delta}>
      {label}{' '}
      {added !== undefined || removed !== undefined ? (
        <>
          {added ? <strong>+{added} </strong> : null}
          {removed ? <strong>−{removed}</strong> : null}
        </>
      ) : (
        <>
          {before !== undefined && <>{before} → </>}
          <strong>{after ?? 'nothing'}</strong>
        </>
      )}
    </span>
  );
}
