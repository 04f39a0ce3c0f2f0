import { infiniteQueryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type ArchivedFlag = Schema['FlagFound'];

const PAGE = 50;

/** Flags in the archive that have some words, those that went last first. */
export const archivedQuery = (query: string) =>
  infiniteQueryOptions({
    queryKey: ['flags', 'archived', query],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET('/api/admin/search/features', {
          params: {
            query: {
              archived: 'IS:true',
              sortBy: 'archivedAt',
              sortOrder: 'desc',
              limit: String(PAGE),
              offset: String(pageParam),
              ...(query ? { query } : {}),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page, pages) => {
      const seen = pages.reduce((sum, each) => sum + each.features.length, 0);
      return page.features.length && seen < page.total ? seen : undefined;
    },
  });

export const deleteFlags = (projectId: string, features: string[]) =>
  change(
    client.POST('/api/admin/projects/{projectId}/delete', { params: { path: { projectId } }, body: { features } }),
  );
