import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { ask, basePath, change, client, type Schema } from '../api/client';
import { ApiError, isOurFault } from '../api/errors';
import { reachOf } from './query';
import type { Around } from './what-changed';

export type LogPage = Schema['LogPage'];
export type Counts = Schema['Counts'];
export type SavedSearch = Schema['SavedSearchOut'];

export const PAGE = 100;

/** A server whose index is being built answers 503 and says how far it is: it is asked again until it is there. */
const patient = (failures: number, error: unknown) => failures < 60 && !isOurFault(error);

/** Events that a query finds, newest first, page by page. */
export const eventsQuery = (q: string) =>
  infiniteQueryOptions({
    queryKey: ['log', 'events', q],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET('/api/admin/log/events', {
          params: {
            query: {
              limit: PAGE,
              view: 'brief' as const,
              ...(q ? { q } : {}),
              ...(pageParam ? { cursor: pageParam } : {}),
            },
          },
          signal,
        }),
      ),
    getNextPageParam: (page: LogPage) => cursorOf(page.next),
    structuralSharing: false,
    retry: patient,
  });

/** The cursor in a link to a page. */
export function cursorOf(link: string | null): string | undefined {
  return link ? (new URL(link, 'http://server').searchParams.get('cursor') ?? undefined) : undefined;
}

type Bucket = NonNullable<Schema['EventSearchBucket']>;
const ZONE = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** Buckets of which some dozen cover what the query reaches. */
function bucketFor(q: string): Bucket {
  const reach = reachOf(q);
  if (reach === null) return 'week';
  return reach <= 4 * 86_400_000 ? 'hour' : reach <= 120 * 86_400_000 ? 'day' : 'week';
}

interface Counting {
  /** What to tell apart, with commas. */
  by?: string;
  bucket?: Bucket;
  /** Each is counted without the query's own condition on it. */
  facets?: boolean;
}

/** How many events a query finds, in buckets of the reader's days. */
export const countsQuery = (q: string, { by, bucket = bucketFor(q), facets }: Counting = {}) =>
  queryOptions({
    queryKey: ['log', 'counts', q, by, bucket, facets],
    queryFn: async ({ signal }): Promise<Counts> => {
      const query = { bucket, limit: 30, ...(by ? { by } : {}), ...(q ? { q } : {}), ...(facets ? { facets } : {}) };
      const count = (tz: string | undefined) =>
        ask(client.GET('/api/admin/log/counts', { params: { query: tz ? { ...query, tz } : query }, signal }));
      if (bucket === 'total' || bucket === 'hour') return count(undefined);
      try {
        return await count(ZONE);
      } catch (error) {
        // A server without a database of time zones counts in days of UTC.
        if (error instanceof ApiError && error.about('tz')) return count(undefined);
        throw error;
      }
    },
    retry: patient,
  });

export const eventQuery = (id: number) =>
  queryOptions({
    queryKey: ['log', 'event', id],
    queryFn: () => ask(client.GET('/api/admin/log/events/{eventId}', { params: { path: { eventId: id } } })),
    staleTime: Number.POSITIVE_INFINITY,
  });

/** What changed before a moment, the most telling first. */
export const whatChangedQuery = ({ at, window = '30m', environment }: Around) =>
  queryOptions({
    queryKey: ['log', 'what-changed', at, window, environment],
    queryFn: () =>
      ask(
        client.GET('/api/admin/log/what-changed', {
          params: { query: { window, limit: 50, ...(at ? { at } : {}), ...(environment ? { environment } : {}) } },
        }),
      ),
  });

export const searchesQuery = queryOptions({
  queryKey: ['log', 'searches'],
  queryFn: async () => (await ask(client.GET('/api/admin/log/searches'))).searches,
});

export const saveSearch = (body: { name: string; query: string; shared: boolean }) =>
  change(client.POST('/api/admin/log/searches', { body }));

export const deleteSearch = (searchId: number) =>
  change(client.DELETE('/api/admin/log/searches/{searchId}', { params: { path: { searchId } } }));

export type Format = Schema['FormatName'];

/** Where an export of everything that a query finds can be fetched. */
export function exportPath(q: string, format: Format): string {
  const parameters = new URLSearchParams({ format, ...(q ? { q } : {}), ...(format === 'csv' ? { bom: 'true' } : {}) });
  return `${basePath}/api/admin/log/export?${parameters}`;
}

export function streamPath(q: string): string {
  const parameters = new URLSearchParams({ view: 'brief', ...(q ? { q } : {}) });
  return `${basePath}/api/admin/log/stream?${parameters}`;
}
