import { useState } from 'react';
import styles from './ChangeList.module.css';
import type { FieldChange } from './model';

const FIRST = 8;

/** The fields that are different now, each with what it was and what it is. */
export function ChangeList({ changes, empty }: { changes: FieldChange[]; empty: string }) {
  if (!changes.length) return <p className={styles.none}>{empty}</p>;
  return (
    <dl className={styles.list}>
      {changes.map((change, at) => (
        <div key={`${change.path} ${at}`} className={styles.change}>
          <dt>{change.label}</dt>
          <dd>{change.added || change.removed ? <SetChange change={change} /> : <ValueChange change={change} />}</dd>
        </div>
      ))}
    </dl>
  );
}

function ValueChange({ change }: { change: FieldChange }) {
  return (
    <span className={styles.values}>
      {change.before !== undefined && <del className={styles.before}>{change.before}</del>}
      {change.before !== undefined && change.after !== undefined && <span aria-hidden>→</span>}
      {change.after !== undefined && <ins className={styles.after}>{change.after}</ins>}
    </span>
  );
}

function SetChange({ change }: { change: FieldChange }) {
  const added = change.added ?? [];
  const removed = change.removed ?? [];
  const counts = [added.length && `${added.length} added`, removed.length && `${removed.length} removed`];
  return (
    <>
      <div className={styles.counts}>{counts.filter(Boolean).join(', ')}</div>
      <Values values={added} kind="added" />
      <Values values={removed} kind="removed" />
    </>
  );
}

function Values({ values, kind }: { values: string[]; kind: 'added' | 'removed' }) {
  const [all, setAll] = useState(false);
  const Tag = kind === 'added' ? 'ins' : 'del';
  const shown = all ? values : values.slice(0, FIRST);
  return (
    <div className={styles.values}>
      {shown.map((value) => (
        <Tag key={value} className={kind === 'added' ? styles.after : styles.before}>
          {value}
        </Tag>
      ))}
      {values.length > shown.length && (
        <button type="button" className="link" onClick={() => setAll(true)}>
          {values.length - shown.length} more {kind}
        </button>
      )}
    </div>
  );
}
