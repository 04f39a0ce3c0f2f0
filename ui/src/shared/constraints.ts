/** Constraints as words. Pure; also for those of old events, which may lack anything. */
import type { Schema } from '../api/client';

export type Constraint = Schema['Constraint'];

export const OPERATORS: Record<string, string> = {
  IN: 'is one of',
  NOT_IN: 'is none of',
  STR_CONTAINS: 'contains',
  STR_STARTS_WITH: 'starts with',
  STR_ENDS_WITH: 'ends with',
  NUM_EQ: 'equals',
  NUM_GT: 'is more than',
  NUM_GTE: 'is at least',
  NUM_LT: 'is less than',
  NUM_LTE: 'is at most',
  DATE_AFTER: 'is after',
  DATE_BEFORE: 'is before',
  SEMVER_EQ: 'is version',
  SEMVER_GT: 'is newer than',
  SEMVER_GTE: 'is at least version',
  SEMVER_LT: 'is older than',
  SEMVER_LTE: 'is at most version',
  REGEX: 'matches',
};

/** Those that take a list of values; all others take one. */
export const TAKES_MANY = new Set(['IN', 'NOT_IN', 'STR_CONTAINS', 'STR_STARTS_WITH', 'STR_ENDS_WITH']);

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

export function operatorText(constraint: Record<string, unknown>): string {
  const words = OPERATORS[text(constraint.operator)] ?? text(constraint.operator);
  return constraint.inverted ? `not (${words})` : words;
}

/** What a constraint compares, as `country is one of`. */
export function constraintKey(constraint: Record<string, unknown>): string {
  return `${text(constraint.contextName)} ${operatorText(constraint)}`;
}

export function valuesOfConstraint(constraint: Record<string, unknown>): string[] {
  const values = Array.isArray(constraint.values) ? constraint.values.map(String) : [];
  const value = text(constraint.value);
  return values.length || !value ? values : [value];
}

/** As they are sent: each has its list or its one value, never both. */
export const cleanedConstraints = (constraints: Constraint[]): Constraint[] =>
  constraints.map((each) => (TAKES_MANY.has(each.operator) ? { ...each, value: undefined } : { ...each, values: [] }));

/** What stops constraints from being saved; null: nothing. */
export function problemOfConstraints(constraints: Constraint[]): string | null {
  for (const each of constraints) {
    const loose = { ...each } as Record<string, unknown>;
    if (!each.contextName.trim()) return 'A condition has no field.';
    if (!valuesOfConstraint(loose).length) return `The condition "${constraintKey(loose)}" has no value.`;
  }
  return null;
}
