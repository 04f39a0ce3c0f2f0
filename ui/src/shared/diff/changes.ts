/** What is different between an event's `preData` and `data`, as a person would tell it. Pure. */
import { constraintKey, valuesOfConstraint } from '../constraints';
import { type FieldChange, isObject, shown } from './model';

interface Compared {
  type: string;
  data?: Record<string, unknown> | null | undefined;
  preData?: Record<string, unknown> | null | undefined;
}

/** Fields that say nothing to people: ids, and what the event says elsewhere. */
const SILENT = new Set([
  'id',
  'featureName',
  'projectId',
  'environment',
  'createdAt',
  'updatedAt',
  'sortOrder',
  'project',
]);
const LABELS: Record<string, string> = {
  'parameters.rollout': 'rollout',
  'parameters.stickiness': 'stickiness',
  'parameters.groupId': 'group',
  impressionData: 'impression data',
  caseInsensitive: 'ignores case',
};

/** The changes, the most telling first: rollout, then values, then lists. */
export function changesOf(event: Compared): FieldChange[] {
  const before = event.preData ?? {};
  const after = event.data ?? {};
  if (event.type.includes('environment-variants') || event.type === 'feature-variants-updated')
    return variants(listOf(before.variants ?? before), listOf(after.variants ?? after));
  const found = fields(before, after, '');
  return found.sort((one, other) => weight(one) - weight(other));
}

const weight = (change: FieldChange): number =>
  change.path === 'parameters.rollout' ? 0 : change.added || change.removed ? 2 : 1;

function fields(before: Record<string, unknown>, after: Record<string, unknown>, above: string): FieldChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  return names.flatMap((name) => {
    const path = above ? `${above}.${name}` : name;
    if (!above && SILENT.has(name)) return [];
    return field(before[name], after[name], path);
  });
}

function field(before: unknown, after: unknown, path: string): FieldChange[] {
  if (same(before, after)) return [];
  if (path === 'constraints') return constraints(listOf(before), listOf(after));
  if (path === 'variants') return variants(listOf(before), listOf(after));
  if (isObject(before) || isObject(after)) {
    const one = isObject(before) ? before : {};
    const other = isObject(after) ? after : {};
    return fields(one, other, path);
  }
  if (Array.isArray(before) || Array.isArray(after)) return list(listOf(before), listOf(after), path);
  if (isNothing(before) && isNothing(after)) return [];
  return [{ path, label: labelOf(path), before: valueIn(path, before), after: valueIn(path, after) }];
}

const isNothing = (value: unknown): boolean => value === undefined || value === null || value === '';
const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);
const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

function labelOf(path: string): string {
  return (
    LABELS[path] ??
    path
      .replace(/^(parameters|settings)\./, '')
      .replace(/([a-z])([A-Z])/g, '$1 $2')
      .toLowerCase()
  );
}

function valueIn(path: string, value: unknown): string | undefined {
  if (isNothing(value)) return undefined;
  return path === 'parameters.rollout' ? `${shown(value)} %` : shown(value);
}

/** A list of plain values, or of things that have names. */
function list(before: unknown[], after: unknown[], path: string): FieldChange[] {
  const names = (each: unknown) => (isObject(each) ? shown(each.name ?? each.value ?? each.id ?? each) : shown(each));
  return values(before.map(names), after.map(names), path, labelOf(path));
}

function values(before: string[], after: string[], path: string, label: string): FieldChange[] {
  const had = new Set(before);
  const has = new Set(after);
  const added = after.filter((each) => !had.has(each));
  const removed = before.filter((each) => !has.has(each));
  if (added.length || removed.length) return [{ path, label, added, removed }];
  return [{ path, label, before: before.join(', '), after: after.join(', ') }];
}

/** Constraints on the same field with the same operator are one that changed. */
function constraints(before: unknown[], after: unknown[]): FieldChange[] {
  const found: FieldChange[] = [];
  const left = after.filter(isObject);
  for (const old of before.filter(isObject)) {
    const at = left.findIndex((each) => constraintKey(each) === constraintKey(old));
    const now = at < 0 ? undefined : left.splice(at, 1)[0];
    const label = constraintKey(old);
    if (!now)
      found.push({ path: 'constraints', label: `${label} (gone)`, removed: valuesOfConstraint(old), added: [] });
    else if (!same(old, now))
      found.push(...values(valuesOfConstraint(old), valuesOfConstraint(now), `constraints.${label}`, label));
  }
  for (const now of left)
    found.push({
      path: 'constraints',
      label: `${constraintKey(now)} (new)`,
      added: valuesOfConstraint(now),
      removed: [],
    });
  return found;
}

const variantText = (variant: Record<string, unknown>): string =>
  `${shown(variant.name)} ${typeof variant.weight === 'number' ? `${variant.weight / 10} %` : ''}`.trim();

function variants(before: unknown[], after: unknown[]): FieldChange[] {
  const old = new Map(before.filter(isObject).map((each) => [shown(each.name), each]));
  const now = new Map(after.filter(isObject).map((each) => [shown(each.name), each]));
  const added = [...now.values()].filter((each) => !old.has(shown(each.name))).map(variantText);
  const removed = [...old.values()].filter((each) => !now.has(shown(each.name))).map(variantText);
  const found: FieldChange[] =
    added.length || removed.length ? [{ path: 'variants', label: 'variants', added, removed }] : [];
  for (const [name, variant] of now) {
    const was = old.get(name);
    if (!was || same(was, variant)) continue;
    const weighed = was.weight !== variant.weight;
    found.push(
      weighed
        ? { path: `variants.${name}.weight`, label: `weight of ${name}`, before: percent(was), after: percent(variant) }
        : { path: `variants.${name}`, label: `variant ${name}`, before: payload(was), after: payload(variant) },
    );
  }
  return found;
}

const percent = (variant: Record<string, unknown>): string => `${Number(variant.weight ?? 0) / 10} %`;
const payload = (variant: Record<string, unknown>): string =>
  isObject(variant.payload) ? shown(variant.payload.value) : shown({ ...variant, name: undefined, weight: undefined });
