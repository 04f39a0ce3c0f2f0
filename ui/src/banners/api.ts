import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type Banner = Schema['BannerOut'];
export type BannerBody = Schema['BannerBody'];

/** Asked again now and then: who has the interface open for hours is told, too. */
export const bannersQuery = queryOptions({
  queryKey: ['banners'],
  queryFn: async () => (await ask(client.GET('/api/admin/banners'))).banners,
  staleTime: 60_000,
  refetchInterval: 300_000,
});

const of = (id: number) => ({ params: { path: { id } } });

export const createBanner = (body: BannerBody) => change(client.POST('/api/admin/banners', { body }));

export const updateBanner = (id: number, body: BannerBody) =>
  change(client.PUT('/api/admin/banners/{id}', { ...of(id), body }));

export const switchBanner = (id: number, on: boolean) =>
  on
    ? change(client.POST('/api/admin/banners/{id}/on', of(id)))
    : change(client.POST('/api/admin/banners/{id}/off', of(id)));

export const deleteBanner = (id: number) => change(client.DELETE('/api/admin/banners/{id}', of(id)));
