import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type Role = Schema['RoleOut'];
export type WholeRole = Schema['RoleWithPermissions'];
export type Permissions = Schema['Permissions'];
export type RoleBody = Schema['RoleBody'];

export const rolesQuery = queryOptions({
  queryKey: ['roles'],
  queryFn: async () => (await ask(client.GET('/api/admin/roles'))).roles,
});

const of = (roleId: number) => ({ params: { path: { roleId } } });

export const roleQuery = (id: number) =>
  queryOptions({
    queryKey: ['roles', id],
    queryFn: () => ask(client.GET('/api/admin/roles/{roleId}', of(id))),
  });

/** Everything that a role can allow. */
export const permissionsQuery = queryOptions({
  queryKey: ['permissions'],
  queryFn: async () => (await ask(client.GET('/api/admin/permissions'))).permissions,
});

export const createRole = (body: RoleBody) => change(client.POST('/api/admin/roles', { body }));

export const updateRole = (id: number, body: RoleBody) =>
  change(client.PUT('/api/admin/roles/{roleId}', { ...of(id), body }));

export const deleteRole = (id: number) => change(client.DELETE('/api/admin/roles/{roleId}', of(id)));
