/** How often a flag was asked for, by the hour or by the day. Pure. */
import type { Schema } from '../api/client';

export type Counted = Schema['CountOut'];

export interface SpanOfUse {
  at: Date;
  yes: number;
  no: number;
}

const HOUR = 3_600_000;
const HOURS_KEPT = 48;

/** The server tells hours of the last two days, and days of UTC of longer times. */
export const bucketOf = (hours: number): number => (hours <= HOURS_KEPT ? HOUR : 24 * HOUR);

/** The last hours or days in one environment, oldest first, also those without a request; all applications together. */
export function spansOf(counted: Counted[], environment: string, hours: number, now = Date.now()): SpanOfUse[] {
  const bucket = bucketOf(hours);
  const number = Math.ceil((hours * HOUR) / bucket);
  const last = Math.floor(now / bucket) * bucket;
  const found = Array.from({ length: number }, (_, at) => ({
    at: new Date(last - (number - 1 - at) * bucket),
    yes: 0,
    no: 0,
  }));
  for (const each of counted) {
    if (each.environment !== environment) continue;
    const span = found[number - 1 - Math.floor((last - new Date(each.timestamp).getTime()) / bucket)];
    if (!span) continue;
    span.yes += each.yes;
    span.no += each.no;
  }
  return found;
}

/** How often each application asked, the busiest first. */
export function applicationsOf(counted: Counted[], environment: string): [string, number][] {
  const sums = new Map<string, number>();
  for (const each of counted)
    if (each.environment === environment) sums.set(each.appName, (sums.get(each.appName) ?? 0) + each.yes + each.no);
  return [...sums].sort((one, other) => other[1] - one[1]);
}
