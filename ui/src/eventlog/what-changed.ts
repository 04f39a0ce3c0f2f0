/** What changed around a moment: the question, and how its answer is told. Pure. */
import type { Schema } from '../api/client';

export type Entry = Schema['Entry'];

/** What the address says of it. Left out: now, half an hour, everywhere. */
export interface Around {
  at?: string | undefined;
  window?: string | undefined;
  environment?: string | undefined;
}

export const WINDOWS: { value: string; label: string }[] = [
  { value: '30m', label: '30 minutes' },
  { value: '1h', label: '1 hour' },
  { value: '3h', label: '3 hours' },
  { value: '12h', label: '12 hours' },
  { value: '24h', label: '24 hours' },
  { value: '7d', label: '7 days' },
];

/** `12 min before`, `40 s after`, `at that moment`. */
export function distance(seconds: number): string {
  const away = Math.abs(seconds);
  if (away < 1) return 'at that moment';
  const length =
    away < 90
      ? `${Math.round(away)} s`
      : away < 5_400
        ? `${Math.round(away / 60)} min`
        : away < 172_800
          ? `${Math.round(away / 3_600)} h`
          : `${Math.round(away / 86_400)} d`;
  return `${length} ${seconds > 0 ? 'before' : 'after'}`;
}

/** A moment as a field for date and time holds it, in the reader's zone: `2026-11-30T03:10`. */
export function localMinute(at: string): string {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return '';
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
