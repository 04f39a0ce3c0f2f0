import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';
import type { User } from '../users/api';

/** The client leaves out of its answers what is always null. */
export type Group = Omit<Schema['GroupOut'], 'users'> & { users: { user: User }[] };
export type GroupBody = Schema['GroupBody'];

export const groupsQuery = queryOptions({
  queryKey: ['groups'],
  queryFn: async () => (await ask(client.GET('/api/admin/groups'))).groups,
});

const of = (groupId: number) => ({ params: { path: { groupId } } });

export const createGroup = (body: GroupBody) => change(client.POST('/api/admin/groups', { body }));

export const updateGroup = (id: number, body: GroupBody) =>
  change(client.PUT('/api/admin/groups/{groupId}', { ...of(id), body }));

export const deleteGroup = (id: number) => change(client.DELETE('/api/admin/groups/{groupId}', of(id)));
