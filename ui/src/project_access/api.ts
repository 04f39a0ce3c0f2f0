import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type ProjectAccess = Omit<Schema['ProjectAccessOut'], 'groups'> & {
  groups: (Omit<Schema['GroupAccessOut'], 'users'> & { users: unknown[] })[];
};

export const accessQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['project-access', projectId],
    queryFn: () => ask(client.GET('/api/admin/projects/{projectId}/access', { params: { path: { projectId } } })),
  });

/** Everybody whom a project can be opened to. */
export const peopleQuery = queryOptions({
  queryKey: ['project-access', 'people'],
  queryFn: async () => (await ask(client.GET('/api/admin/user-admin/access'))).users,
});

export const addAccess = (projectId: string, body: Schema['AddAccessBody']) =>
  change(client.POST('/api/admin/projects/{projectId}/access', { params: { path: { projectId } }, body }));

/** All roles of one; none takes them away. */
export const setRoles = (projectId: string, kind: Holder['kind'], id: number, roles: number[]) =>
  kind === 'group'
    ? change(
        client.PUT('/api/admin/projects/{projectId}/groups/{groupId}/roles', {
          params: { path: { projectId, groupId: id } },
          body: { roles },
        }),
      )
    : change(
        client.PUT('/api/admin/projects/{projectId}/users/{userId}/roles', {
          params: { path: { projectId, userId: id } },
          body: { roles },
        }),
      );

/** Who has roles in a project: somebody, or a group. */
export interface Holder {
  kind: 'user' | 'group';
  id: number;
  name: string;
  /** What tells them from others of that name. */
  about: string;
  roles: number[];
}
