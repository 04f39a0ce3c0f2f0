import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type Account = Schema['ServiceAccountOut'];

export const accountsQuery = queryOptions({
  queryKey: ['service-accounts'],
  queryFn: () => ask(client.GET('/api/admin/service-account')),
});

const of = (id: number) => ({ params: { path: { id } } });

export const createAccount = (body: Schema['NewServiceAccountBody']) =>
  change(client.POST('/api/admin/service-account', { body }));

export const updateAccount = (id: number, body: Schema['ServiceAccountBody']) =>
  change(client.PUT('/api/admin/service-account/{id}', { ...of(id), body }));

export const deleteAccount = (id: number) => change(client.DELETE('/api/admin/service-account/{id}', of(id)));

export const createAccountToken = (id: number, body: Schema['NewPatBody']) =>
  change(client.POST('/api/admin/service-account/{id}/token', { ...of(id), body }));

export const deleteAccountToken = (id: number, tokenId: number) =>
  change(client.DELETE('/api/admin/service-account/{id}/token/{tokenId}', { params: { path: { id, tokenId } } }));
