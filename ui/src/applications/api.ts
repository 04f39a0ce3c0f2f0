import { queryOptions } from '@tanstack/react-query';
import { ask, client } from '../api/client';

export const applicationsQuery = queryOptions({
  queryKey: ['applications'],
  queryFn: async () => (await ask(client.GET('/api/admin/metrics/applications'))).applications,
});
