/** What an integration sends, and how it does. Pure. */
import type { Attempt, Delivery, Integration, IntegrationBody, Provider } from './api';

/** What the server shows in the place of a secret, and takes for "as it was". */
export const MASK = '*****';

/** What the form begins with. */
export function bodyOf(provider: Provider, integration?: Integration): IntegrationBody {
  const named = provider.parameters.map(({ name }) => [name, integration?.parameters[name] ?? '']);
  return {
    provider: provider.name,
    description: integration?.description ?? '',
    enabled: integration?.enabled ?? true,
    parameters: { ...integration?.parameters, ...Object.fromEntries(named) },
    events: integration?.events ?? [...provider.events],
    projects: integration?.projects ?? [],
    environments: integration?.environments ?? [],
    query: integration?.query ?? '',
  };
}

/** The draft as it is sent: without parameters that nobody filled in. */
export function sentBody(draft: IntegrationBody): IntegrationBody {
  return {
    ...draft,
    description: draft.description?.trim() || null,
    parameters: Object.fromEntries(Object.entries(draft.parameters).filter(([, value]) => value !== '')),
  };
}

/** What stops a draft from being saved; null: nothing. */
export function problemOf(draft: IntegrationBody, provider: Provider): string | null {
  const missing = provider.parameters.filter(({ name, required }) => required && !draft.parameters[name]);
  if (missing.length) return `${missing.map((each) => each.displayName).join(', ')}: needed.`;
  return draft.events.length ? null : 'Choose what it is told of.';
}

/** How an integration does, by its newest attempts (the newest first); null: nothing was sent so far. */
export function health(attempts: Pick<Attempt, 'state' | 'createdAt' | 'stateDetails'>[]): {
  failing: boolean;
  since: string;
  why: string;
} | null {
  const [newest] = attempts;
  if (!newest) return null;
  const failing = newest.state === 'failed';
  const end = attempts.findIndex((each) => (each.state === 'failed') !== failing);
  const first = end < 0 ? attempts.at(-1) : attempts[end - 1];
  return { failing, since: (first ?? newest).createdAt, why: newest.stateDetails };
}

/** Attempts by the event that was sent, the oldest first. */
export function byEvent(attempts: Attempt[]): Map<number, Attempt[]> {
  const found = new Map<number, Attempt[]>();
  for (const each of [...attempts].reverse()) {
    const id = Number(each.event.id);
    found.set(id, [...(found.get(id) ?? []), each]);
  }
  return found;
}

export const STATES: Record<Delivery['state'], { label: string; tone: 'created' | 'removed' | 'warning' }> = {
  done: { label: 'delivered', tone: 'created' },
  waiting: { label: 'waiting', tone: 'warning' },
  dead: { label: 'given up', tone: 'removed' },
};

/** `in 40 s`, `in 5 min`: when it is tried again. */
export function until(at: string, now = Date.now()): string {
  const seconds = Math.round((new Date(at).getTime() - now) / 1000);
  if (seconds <= 0) return 'now';
  if (seconds < 90) return `in ${seconds} s`;
  return seconds < 5_400 ? `in ${Math.round(seconds / 60)} min` : `in ${Math.round(seconds / 3_600)} h`;
}

/** Event types in groups that people think in: the part of the name before the first hyphen or two. */
export function grouped(types: readonly string[], label: (type: string) => string) {
  const groups = new Map<string, { value: string; label: string }[]>();
  for (const type of types) {
    const group = /^(change|feature|project|segment|user|api-token|release-plan|group|banner|addon)/.exec(type)?.[0];
    const name = GROUPS[group ?? ''] ?? 'Other';
    groups.set(name, [...(groups.get(name) ?? []), { value: type, label: label(type) }]);
  }
  return [...groups].map(([group, items]) => ({ group, items }));
}

const GROUPS: Record<string, string> = {
  feature: 'Flags',
  change: 'Change requests',
  project: 'Projects',
  segment: 'Segments',
  user: 'People',
  group: 'People',
  'api-token': 'Tokens',
  'release-plan': 'Release plans',
  banner: 'Banners',
  addon: 'Integrations',
};
