/** For how long a token may hold, in days; 0: without an end. */
export const LIFETIMES = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'a year' },
];

/** When a token ends that holds for some days; null: never. */
export function endOf(days: string, now = Date.now()): string | null {
  return days === '0' ? null : new Date(now + Number(days) * 86_400_000).toISOString();
}
