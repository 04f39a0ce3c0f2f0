/** Who has roles in a project, as one list. Pure. */
import { displayName } from '../session/model';
import { several } from '../shared/time';
import type { Holder, ProjectAccess } from './api';

/** Groups first, each by name. */
export function holdersOf(access: ProjectAccess): Holder[] {
  const groups = access.groups.map(
    (each): Holder => ({
      kind: 'group',
      id: each.id,
      name: each.name,
      about: several(each.users.length, 'person', 'people'),
      roles: each.roles,
    }),
  );
  const users = access.users.map((each): Holder => {
    const name = displayName({ ...each, email: each.email ?? '' });
    const others = [each.username, each.email].filter((word) => word && word !== name);
    return { kind: 'user', id: each.id, name, about: others.join(', '), roles: each.roles };
  });
  const sorted = (list: Holder[]) => list.sort((one, other) => one.name.localeCompare(other.name));
  return [...sorted(groups), ...sorted(users)];
}

/** The key of a choice among people and groups, and back. */
export const choiceOf = (kind: Holder['kind'], id: number): string => `${kind} ${id}`;

/** The ids of a kind among choices. */
export const idsOf = (choices: string[], kind: Holder['kind']): number[] =>
  choices.filter((each) => each.startsWith(`${kind} `)).map((each) => Number(each.slice(kind.length + 1)));
