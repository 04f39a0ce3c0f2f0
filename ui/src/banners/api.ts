import { queryOptions } from '@tanstack/react-query';
import { ask, client, type Schema } from '../api/client';

export type Banner = Schema['BannerOut'];

/** Asked again now and then: who has the interface open for hours is told, too. */
export const bannersQuery = queryOptions({
  queryKey: ['banners'],
  queryFn: async () => (await ask(client.GET('/api/admin/banners'))).banners,
  staleTime: 60_000,
  refetchInterval: 300_000,
});
