/** Times as their reader reads them. The server speaks UTC; a time's title shows that. */

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const minute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const weekday = new Intl.DateTimeFormat('en-GB', { weekday: 'short' });
const longDay = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long' });
const dayOfYear = new Intl.DateTimeFormat('en-GB', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });
const shortDay = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const whole = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZoneName: 'short',
});
const numbers = new Intl.NumberFormat('en');

export const timeOf = (at: string | Date): string => clock.format(new Date(at));
export const minuteOf = (at: Date): string => minute.format(at);
export const wholeTime = (at: string | Date): string => whole.format(new Date(at));
export const utc = (at: string | Date): string => `${new Date(at).toISOString().replace('T', ' ').slice(0, 19)} UTC`;
export const countOf = (count: number): string => numbers.format(count);

/** `1 event`, `12 events`. */
export function several(count: number, one: string, many = `${one}s`): string {
  return `${countOf(count)} ${count === 1 ? one : many}`;
}

/** A day of the reader's calendar, to compare and to sort by: `2026-11-29`. */
export function dayKey(at: string | Date): string {
  const day = new Date(at);
  return `${day.getFullYear()}-${String(day.getMonth() + 1).padStart(2, '0')}-${String(day.getDate()).padStart(2, '0')}`;
}

/** `Today, Sunday 29 November`. */
export function dayName(at: string | Date, now = new Date()): string {
  const day = new Date(at);
  const name = (day.getFullYear() === now.getFullYear() ? longDay : dayOfYear).format(day).replace(',', '');
  const yesterday = new Date(now);
  yesterday.setDate(now.getDate() - 1);
  if (dayKey(day) === dayKey(now)) return `Today, ${name}`;
  return dayKey(day) === dayKey(yesterday) ? `Yesterday, ${name}` : name;
}

export const dayAndMinute = (at: Date): string => `${weekday.format(at)} ${minute.format(at)}`;
export const dayAndMonth = (at: Date): string => shortDay.format(at);

/** `just now`, `19 min ago`, `3 h ago`, `2 d ago`, then the day. */
export function ago(at: string | Date, now = Date.now()): string {
  const seconds = Math.max(0, (now - new Date(at).getTime()) / 1000);
  if (seconds < 45) return 'just now';
  if (seconds < 3_600) return `${Math.max(1, Math.round(seconds / 60))} min ago`;
  if (seconds < 86_400) return `${Math.round(seconds / 3_600)} h ago`;
  return seconds < 14 * 86_400 ? `${Math.round(seconds / 86_400)} d ago` : `on ${shortDay.format(new Date(at))}`;
}
