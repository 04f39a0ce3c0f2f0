import { useRef, useState } from 'react';
import { dayAndMinute, dayAndMonth, several } from '../shared/time';
import type { Counts } from './api';
import styles from './Bars.module.css';
import { withRange } from './query';

/** How many events there were, bucket by bucket; a click or a drag narrows the time. */
export function Bars({ counts, q, onChange }: { counts: Counts; q: string; onChange: (q: string) => void }) {
  const numbers = counts.total.counts;
  const most = Math.max(1, ...numbers);
  const begun = useRef<number | null>(null);
  const [range, setRange] = useState<[number, number] | null>(null);
  if (numbers.length < 2) return null;

  function take(from: number, to: number) {
    const first = counts.buckets[Math.min(from, to)];
    const after = counts.buckets[Math.max(from, to) + 1];
    if (first)
      onChange(
        withRange(q, { since: new Date(first).toISOString(), until: after ? new Date(after).toISOString() : '' }),
      );
  }
  return (
    <div className={styles.bars} role="group" aria-label="Events over time" onPointerLeave={() => setRange(null)}>
      {numbers.map((count, at) => {
        const bucket = new Date(counts.buckets[at] ?? 0);
        const name = counts.bucket === 'hour' ? dayAndMinute(bucket) : dayAndMonth(bucket);
        const within = range && at >= Math.min(...range) && at <= Math.max(...range);
        return (
          <button
            key={counts.buckets[at] ?? at}
            type="button"
            tabIndex={at === 0 || at === numbers.length - 1 ? 0 : -1}
            className={`${styles.bar} ${within ? styles.within : ''}`}
            aria-label={`${name}: ${several(count, 'event')}`}
            title={`${name}: ${several(count, 'event')}`}
            onPointerDown={() => {
              begun.current = at;
              setRange([at, at]);
            }}
            onPointerEnter={() => begun.current !== null && range && setRange([begun.current, at])}
            onPointerUp={() => {
              if (begun.current !== null) take(begun.current, at);
              begun.current = null;
              setRange(null);
            }}
            onKeyDown={(event) => {
              const to = event.key === 'ArrowRight' ? at + 1 : event.key === 'ArrowLeft' ? at - 1 : -1;
              const next = event.currentTarget.parentElement?.children[to];
              if (to >= 0 && next instanceof HTMLElement) next.focus();
              if (event.key === 'Enter') take(at, at);
            }}
          >
            <span style={{ height: count ? `${Math.max(8, (count / most) * 100)}%` : 0 }} />
          </button>
        );
      })}
    </div>
  );
}
