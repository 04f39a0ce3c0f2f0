/** From events to rows: days, events of one request, switches that were flipped back and forth. Pure. */
import { dayKey } from '../shared/time';
import type { RowEvent } from './model';

export interface DayRow {
  kind: 'day';
  key: string;
  at: string;
  count: number;
}

export interface EventRow {
  kind: 'event';
  key: string;
  event: RowEvent;
  /** The others that this row stands for, newest first. */
  folded: RowEvent[];
  why: '' | 'request' | 'switches';
}

export type Row = DayRow | EventRow;

const SWITCHES = new Set(['feature-environment-enabled', 'feature-environment-disabled']);
const HOUR = 3_600_000;

/** Rows of events that are in order, newest first. Three switches of one flag, each within an hour of the next, are one. */
export function rowsOf(events: RowEvent[]): Row[] {
  const rows: Row[] = [];
  let day: DayRow | undefined;
  for (const row of folded(events)) {
    const key = dayKey(row.event.createdAt);
    if (day?.key !== `day ${key}`) {
      day = { kind: 'day', key: `day ${key}`, at: row.event.createdAt, count: 0 };
      rows.push(day);
    }
    day.count += 1 + row.folded.length;
    rows.push(row);
  }
  return rows;
}

function folded(events: RowEvent[]): EventRow[] {
  const rows: EventRow[] = [];
  for (let at = 0; at < events.length; ) {
    const event = events[at] as RowEvent;
    // Events that were brought in from elsewhere have no request: they have nothing in common by that.
    const request = event.groupId ? run(events, at, (next) => next.groupId === event.groupId) : 1;
    const switches = SWITCHES.has(event.type) ? run(events, at, (next, last) => isSwitchAfter(next, last)) : 1;
    const why = switches >= 3 ? 'switches' : request > 1 ? 'request' : '';
    const length = switches >= 3 ? switches : request;
    rows.push({ kind: 'event', key: `event ${event.id}`, event, folded: events.slice(at + 1, at + length), why });
    at += length;
  }
  return rows;
}

function run(events: RowEvent[], at: number, joins: (next: RowEvent, last: RowEvent) => boolean): number {
  let length = 1;
  for (;;) {
    const next = events[at + length];
    const last = events[at + length - 1] as RowEvent;
    if (!next || dayKey(next.createdAt) !== dayKey(last.createdAt) || !joins(next, last)) return length;
    length += 1;
  }
}

function isSwitchAfter(next: RowEvent, last: RowEvent): boolean {
  return (
    SWITCHES.has(next.type) &&
    next.featureName === last.featureName &&
    next.environment === last.environment &&
    next.createdBy === last.createdBy &&
    Date.parse(last.createdAt) - Date.parse(next.createdAt) <= HOUR
  );
}
