import { expect, it } from 'vitest';
import type { ProjectAccess } from './api';
import { choiceOf, holdersOf, idsOf } from './model';

it('lists groups before people, each by name', () => {
  const user = (id: number, more: object) => ({ id, email: null, imageUrl: '', roleId: 4, roles: [4], ...more });
  const access = {
    users: [user(2, { username: 'berta', name: 'Berta' }), user(1, { email: 'anna@example.com' })],
    groups: [{ id: 9, name: 'team', users: [{}, {}], roles: [5] }],
    roles: [],
  } as unknown as ProjectAccess;
  expect(holdersOf(access).map(({ name, about }) => [name, about])).toEqual([
    ['team', '2 people'],
    ['anna@example.com', ''],
    ['Berta', 'berta'],
  ]);
});

it('tells choices of people from those of groups', () => {
  const chosen = [choiceOf('user', 12), choiceOf('group', 3), choiceOf('user', 1)];
  expect([idsOf(chosen, 'user'), idsOf(chosen, 'group')]).toEqual([[12, 1], [3]]);
});
