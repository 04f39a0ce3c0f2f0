import { queryOptions } from '@tanstack/react-query';
import { ask, client } from '../api/client';

export const environmentsQuery = queryOptions({
  queryKey: ['environments'],
  queryFn: async () => (await ask(client.GET('/api/admin/environments'))).environments,
  staleTime: 60_000,
});
