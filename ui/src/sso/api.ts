import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type Oidc = Schema['OidcOut'];
export type OidcBody = Schema['OidcBody'];

export const oidcQuery = queryOptions({
  queryKey: ['sso', 'oidc'],
  queryFn: () => ask(client.GET('/api/admin/auth/oidc/settings')),
});

export const setOidc = (body: OidcBody) => change(client.POST('/api/admin/auth/oidc/settings', { body }));
