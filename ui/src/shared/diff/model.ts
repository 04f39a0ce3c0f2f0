/** What a difference is made of. */

/** One field that is different now. Lists say what came and what went; all others what it was and what it is. */
export interface FieldChange {
  path: string;
  label: string;
  before?: string | undefined;
  after?: string | undefined;
  added?: string[];
  removed?: string[];
}

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value in one line. */
export function shown(value: unknown): string {
  if (value === undefined || value === null || value === '') return 'nothing';
  if (typeof value === 'string') return value;
  if (value === true) return 'yes';
  if (value === false) return 'no';
  return typeof value === 'number' ? String(value) : JSON.stringify(value);
}
