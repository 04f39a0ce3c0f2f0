/** What the timeline draws: marks that do not overlap, and labels of time. Pure. */
import type { Schema } from '../../api/client';
import { valuesOf, withValues } from '../../eventlog/query';
import type { Tone } from '../../shared/Mark';
import { dayAndMinute, dayAndMonth, minuteOf } from '../../shared/time';

export type TimelineData = Schema['Timeline'];
type Group = TimelineData['groups'][number];

/** The spans that one can choose at once, and those in the menu. */
export const SPANS: [string, string, number][] = [
  ['30m', '30 min', 1_800],
  ['1h', '1 h', 3_600],
  ['3h', '3 h', 10_800],
  ['12h', '12 h', 43_200],
  ['24h', '24 h', 86_400],
  ['48h', '48 h', 172_800],
  ['7d', '7 days', 604_800],
  ['30d', '30 days', 2_592_000],
  ['365d', '1 year', 31_536_000],
];

export interface MarkOnLine {
  /** Percent of the line. */
  at: number;
  total: number;
  from: string;
  until: string;
  tone: Tone;
  /** `several` kinds of change are drawn as their number alone. */
  alike: boolean;
  events: Group['events'];
  /** The query that finds exactly its events. */
  query: string;
}

/** Pixels between two marks, at least. */
export const APART = 36;

/** The groups of a timeline as marks, 36 px apart at least: what would overlap is one mark. */
export function marksOf(groups: Group[], width: number): MarkOnLine[] {
  const marks: MarkOnLine[] = [];
  for (const group of groups) {
    const last = marks.at(-1);
    const { tone } = group;
    if (last && ((group.position - last.at) / 100) * width < APART) {
      last.alike = last.alike && last.tone === tone;
      if (!last.alike) last.tone = 'neutral';
      last.total += group.total;
      last.until = group.until;
      last.events = [...last.events, ...group.events];
      last.query = withValues(last.query, 'until', valuesOf(group.query, 'until'));
    } else
      marks.push({
        at: group.position,
        total: group.total,
        from: group.at,
        until: group.until,
        tone,
        alike: Object.keys(group.tones).length === 1,
        events: group.events,
        query: group.query,
      });
  }
  return marks;
}

/** What stands below the line. */
export function ticksOf(from: string, to: string, count: number): { at: number; label: string }[] {
  const first = Date.parse(from);
  const reach = Date.parse(to) - first;
  const name = (at: Date) =>
    reach <= 86_400_000 ? minuteOf(at) : reach <= 8 * 86_400_000 ? dayAndMinute(at) : dayAndMonth(at);
  return Array.from({ length: count }, (_, index) => ({
    at: (index / count) * 100,
    label: name(new Date(first + (reach * index) / count)),
  }));
}
