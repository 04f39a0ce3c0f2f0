/** What roles are called, and what they can allow. Pure. */
import type { Permissions, WholeRole } from './api';

/** Kinds of roles that people make; the others are built in. */
export const OWN = { server: 'root-custom', project: 'custom' } as const;

export const isOwn = (type: string): boolean => type === OWN.server || type === OWN.project;

/** Where a role counts. */
export const placeOf = (type: string): string => (type.startsWith('root') ? 'the whole server' : 'projects');

/** Permissions of one place, under one heading. */
export interface Section {
  title: string;
  choices: { key: string; name: string }[];
}

/** A permission as one word, `UPDATE_FEATURE` or `UPDATE_FEATURE@production`: what a box in a form stands for. */
export const keyOf = (permission: { name: string; environment?: string }): string =>
  permission.environment ? `${permission.name}@${permission.environment}` : permission.name;

export function permissionOf(key: string): { name: string; environment?: string } {
  const at = key.indexOf('@');
  return at < 0 ? { name: key } : { name: key.slice(0, at), environment: key.slice(at + 1) };
}

/**
 * What a role of this type can allow, in the order of the server. What a role has besides, such as a permission for
 * every environment, stands first, so that saving loses none.
 */
export function sectionsOf(all: Permissions, type: string, had: WholeRole['permissions'] = []): Section[] {
  const sections: Section[] = type.startsWith('root')
    ? [{ title: 'On this server', choices: all.root.map(choice) }]
    : [
        { title: 'In a project', choices: all.project.map(choice) },
        ...all.environments.map((each) => ({ title: `In ${each.name}`, choices: each.permissions.map(choice) })),
      ];
  const known = new Set(sections.flatMap((each) => each.choices.map(({ key }) => key)));
  const others = had.filter((each) => !known.has(keyOf(each)));
  const everywhere = { title: 'Everywhere', choices: others.map(choice) };
  return [everywhere, ...sections].filter((each) => each.choices.length > 0);
}

const choice = (permission: { name: string; displayName: string; environment?: string }) => ({
  key: keyOf(permission),
  name: permission.displayName,
});
