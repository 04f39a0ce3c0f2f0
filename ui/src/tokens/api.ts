import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type Token = Omit<Schema['TokenOut'], 'alias'>;

export const tokensQuery = queryOptions({
  queryKey: ['tokens'],
  queryFn: async () => (await ask(client.GET('/api/admin/api-tokens'))).tokens,
});

export const createToken = (body: Schema['NewTokenBody']) => change(client.POST('/api/admin/api-tokens', { body }));

export const deleteToken = (id: number) =>
  change(client.DELETE('/api/admin/api-tokens/{token}', { params: { path: { token: String(id) } } }));

export const patsQuery = queryOptions({
  queryKey: ['tokens', 'own'],
  queryFn: async () => (await ask(client.GET('/api/admin/user/tokens'))).pats,
});

export const createPat = (body: Schema['NewPatBody']) => change(client.POST('/api/admin/user/tokens', { body }));

export const deletePat = (id: number) =>
  change(client.DELETE('/api/admin/user/tokens/{id}', { params: { path: { id } } }));
