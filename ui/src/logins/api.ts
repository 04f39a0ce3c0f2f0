import { queryOptions } from '@tanstack/react-query';
import { ask, client, type Schema } from '../api/client';

export type Login = Schema['LoginOut'];

/** Of the last 14 days, the newest first. */
export const loginsQuery = queryOptions({
  queryKey: ['logins'],
  queryFn: async () => (await ask(client.GET('/api/admin/logins'))).events,
});
