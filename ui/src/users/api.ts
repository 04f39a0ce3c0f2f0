import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type User = Omit<Schema['UserOut'], 'scimId' | 'seatType' | 'companyRole' | 'productUpdatesEmailConsent'>;
export type Role = Schema['RoleOut'];

export const usersQuery = queryOptions({
  queryKey: ['users'],
  queryFn: () => ask(client.GET('/api/admin/user-admin')),
});

const of = (id: number) => ({ params: { path: { id } } });

export const createUser = (body: Schema['NewUserBody']) => change(client.POST('/api/admin/user-admin', { body }));

export const updateUser = (id: number, body: Schema['UserBody']) =>
  change(client.PUT('/api/admin/user-admin/{id}', { ...of(id), body }));

export const deleteUser = (id: number) => change(client.DELETE('/api/admin/user-admin/{id}', of(id)));

export const setPassword = (id: number, password: string) =>
  change(
    client.POST('/api/admin/user-admin/{id}/change-password', {
      ...of(id),
      body: { password, confirmPassword: password },
    }),
  );

/** A link by which somebody chooses a new password. */
export const makeLink = (id: string) => change(client.POST('/api/admin/user-admin/reset-password', { body: { id } }));
