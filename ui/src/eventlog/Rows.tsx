import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { lazy, memo, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useKeys } from '../app/shortcuts';
import { Actor } from '../shared/Actor';
import { EnvChip } from '../shared/Chip';
import { Mark } from '../shared/Mark';
import { Waiting } from '../shared/states';
import { dayName, several, timeOf, utc, wholeTime } from '../shared/time';
import { Delta } from './Delta';
import { type EventRow, type Row, rowsOf } from './fold';
import { partsOf, type RowEvent, sentenceOf } from './model';
import styles from './Rows.module.css';

interface Props {
  events: RowEvent[];
  fresh: ReadonlySet<number>;
  open: number | null;
  onOpen: (id: number | null) => void;
  /** The last rows come into sight: more are wanted. */
  onEnd: () => void;
  ended: boolean;
  dimmed: boolean;
  narrow: boolean;
  hideProject: boolean;
  onTop: (top: boolean) => void;
  onChanged: () => void;
}

const EventDetails = lazy(() => import('./EventDetails').then((all) => ({ default: all.EventDetails })));
const DAY_HEIGHT = 34;

/** The list, of which only what is in sight is on the page. */
export const Rows = memo(function Rows(props: Props) {
  const { events, open, onOpen, onEnd, onTop, narrow } = props;
  const rows = useMemo(() => rowsOf(events), [events]);
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const shown = useMemo(() => unfoldedRows(rows, unfolded, open), [rows, unfolded, open]);
  const scroller = useRef<HTMLDivElement>(null);
  const height = narrow ? 54 : 32;
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => {
      const row = shown[index];
      return row?.kind === 'day' ? DAY_HEIGHT : row?.event.id === open ? 420 : height;
    },
    getItemKey: (index) => shown[index]?.key ?? index,
    overscan: 8,
  });
  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (lastShown >= shown.length - 15) onEnd();
  }, [lastShown, shown.length, onEnd]);

  const move = useCallback((step: number) => {
    const buttons = [...(scroller.current?.querySelectorAll<HTMLElement>('button[data-row]') ?? [])];
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    const next = buttons[at < 0 ? 0 : Math.min(buttons.length - 1, Math.max(0, at + step))];
    next?.focus();
    next?.scrollIntoView({ block: 'nearest' });
  }, []);
  useKeys(
    useMemo(
      () => ({
        j: () => move(1),
        k: () => move(-1),
        Escape: () => onOpen(null),
      }),
      [move, onOpen],
    ),
  );

  return (
    <section
      ref={scroller}
      data-rows
      aria-busy={props.dimmed}
      className={styles.scroller}
      aria-label="Events"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by key
      tabIndex={0}
      onScroll={(event) => onTop(event.currentTarget.scrollTop < 40)}
      style={{ opacity: props.dimmed ? 0.55 : 1 }}
    >
      <div className={styles.inner} style={{ height: virtual.getTotalSize() }}>
        {items.map((item) => {
          const row = shown[item.index];
          return row ? (
            <div
              key={item.key}
              data-index={item.index}
              ref={virtual.measureElement}
              className={styles.item}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              {row.kind === 'day' ? (
                <h2 className={styles.day}>
                  {dayName(row.at)} <span>{several(row.count, 'event')}</span>
                </h2>
              ) : (
                <OneRow
                  row={row}
                  open={row.event.id === open}
                  fresh={props.fresh.has(row.event.id)}
                  narrow={narrow}
                  hideProject={props.hideProject}
                  onOpen={onOpen}
                  onUnfold={(key) => setUnfolded((old) => new Set([...old, key]))}
                  onChanged={props.onChanged}
                />
              )}
            </div>
          ) : null;
        })}
      </div>
      {props.ended && <div className={styles.end}>The log begins here.</div>}
    </section>
  );
});

/** The rows, with those that stand for several opened where their reader wants it. */
function unfoldedRows(rows: Row[], unfolded: ReadonlySet<string>, open: number | null): Row[] {
  return rows.flatMap((row) => {
    if (row.kind !== 'event' || !row.folded.length) return [row];
    if (!unfolded.has(row.key) && !row.folded.some((each) => each.id === open)) return [row];
    return [row.event, ...row.folded].map(
      (event): EventRow => ({ kind: 'event', key: `one ${event.id}`, event, folded: [], why: '' }),
    );
  });
}

interface OneProps {
  row: EventRow;
  open: boolean;
  fresh: boolean;
  narrow: boolean;
  hideProject: boolean;
  onOpen: (id: number | null) => void;
  onUnfold: (key: string) => void;
  onChanged: () => void;
}

const OneRow = memo(function OneRow({ row, open, fresh, narrow, hideProject, onOpen, onUnfold, onChanged }: OneProps) {
  const { event, folded } = row;
  const parts = partsOf(event);
  const first = parts.changes[0];
  const others = parts.changes.length - 1 + parts.more;
  const changed = first !== undefined && parts.tone === 'changed';
  const time = (
    <time
      className={styles.time}
      dateTime={event.createdAt}
      title={`${wholeTime(event.createdAt)}\n${utc(event.createdAt)}`}
    >
      {timeOf(event.createdAt)}
    </time>
  );
  const what = (
    <>
      <span className={`${styles.verb} ${changed ? styles.before : ''} cut`}>{parts.verb}</span>
      <strong className={`${styles.object} cut`}>{parts.object}</strong>
      {!changed && parts.detail && <span className={`${styles.detail} cut`}>{parts.detail}</span>}
      {changed && first && <Delta change={first} />}
      {changed && others > 0 && <span className={styles.more}>{narrow ? `+${others}` : `and ${others} more`}</span>}
    </>
  );
  const fold = folded.length > 0 && (
    <button type="button" className={styles.fold} onClick={() => onUnfold(row.key)}>
      {row.why === 'switches' ? `the last of ${folded.length + 1} switches` : several(folded.length + 1, 'event')}
    </button>
  );
  const environment = event.environment ? <EnvChip name={event.environment} /> : null;
  return (
    <div className={`${styles.row} ${open ? styles.open : ''} ${fresh ? styles.fresh : ''}`}>
      <div className={narrow ? styles.narrow : styles.line}>
        <button
          type="button"
          data-row={event.id}
          className={styles.hit}
          aria-expanded={open}
          aria-label={`${timeOf(event.createdAt)} ${sentenceOf(event)}`}
          onClick={() => onOpen(open ? null : event.id)}
        />
        {!narrow && time}
        <Mark tone={parts.tone} />
        <span className={styles.who}>
          <Actor name={event.createdBy} kind={event.actorKind} />
        </span>
        {narrow && (
          <span className={styles.meta}>
            {environment}
            {time}
          </span>
        )}
        <span className={styles.sentence}>
          {what}
          {fold}
        </span>
        {!narrow && <span className={styles.env}>{environment}</span>}
        {!narrow && <span className={`${styles.project} cut`}>{hideProject ? '' : event.project}</span>}
        {!narrow && (open ? <IconChevronDown size={14} aria-hidden /> : <IconChevronRight size={14} aria-hidden />)}
      </div>
      {open && (
        <Suspense fallback={<Waiting rows={4} />}>
          <EventDetails id={event.id} event={event} onClose={() => onOpen(null)} onChanged={onChanged} />
        </Suspense>
      )}
    </div>
  );
});
