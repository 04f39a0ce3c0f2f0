/** Who is there, and what they may do. Pure. */
import type { Schema } from '../api/client';

export type Me = Schema['Me'];

/** What something needs. */
export interface Need {
  permission: string;
  project?: string | undefined;
  environment?: string | undefined;
}

/** Whether grants allow it: the permission itself, wherever it holds, or ADMIN. */
export function may(granted: Me['permissions'], need: Need): boolean {
  return granted.some(
    (each) =>
      each.permission === 'ADMIN' ||
      (each.permission === need.permission &&
        (!each.project || each.project === '*' || each.project === need.project) &&
        (!each.environment || each.environment === need.environment)),
  );
}

export function displayName(user: { id: number; name?: string; username?: string; email?: string }): string {
  return user.name || user.username || user.email || `user ${user.id}`;
}

const BROWSERS: [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Firefox\//, 'Firefox'],
  [/Chrom(e|ium)\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/Windows/, 'Windows'],
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Mac OS/, 'macOS'],
  [/Linux/, 'Linux'],
];

/** What a browser says of itself, told briefly: `Firefox on Linux`. Anything else is told as it is. */
export function browserName(agent: string): string {
  const named = (known: [RegExp, string][]) => known.find(([pattern]) => pattern.test(agent))?.[1];
  const [browser, system] = [named(BROWSERS), named(SYSTEMS)];
  return browser ? `${browser}${system ? ` on ${system}` : ''}` : agent.slice(0, 40) || 'something unknown';
}

/** Where single sign-on begins, and the path of this server to which it leads back; `target` may lack the base path. */
export function signOnPath(basePath: string, way: string, target?: string): string {
  if (!target) return `${basePath}${way}`;
  const back = target.startsWith(`${basePath}/`) ? target : `${basePath}${target}`;
  return `${basePath}${way}?redirect=${encodeURIComponent(back)}`;
}
