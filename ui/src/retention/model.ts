/** What is kept, in words. Pure. */
import { countOf, several } from '../shared/time';
import type { Archive } from './api';

/** `The last 90 days and at least 1,000 events stay in the database.` */
export function policyText({ keepDays, keepEvents }: Archive['policy']): string {
  const parts = [
    keepDays === null ? '' : `events of the last ${several(keepDays, 'day')}`,
    keepEvents === null ? '' : `the newest ${several(keepEvents, 'event')}`,
  ].filter(Boolean);
  return parts.length
    ? `In the database stay ${parts.join(' and ')}; older ones go to the archive, and are found as before.`
    : 'Every event stays in the database: no rule sends any to the archive.';
}

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

export function sizeOf(bytes: number): string {
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < UNITS.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? countOf(size) : size.toFixed(size < 10 ? 1 : 0)} ${UNITS[unit]}`;
}

/** Who is meant: a number is the id of a deleted user, anything else a name. */
export function personOf(text: string): { userId: number } | { name: string } {
  const trimmed = text.trim().replace(/^#/, '');
  return /^\d+$/.test(trimmed) ? { userId: Number(trimmed) } : { name: text.trim() };
}
