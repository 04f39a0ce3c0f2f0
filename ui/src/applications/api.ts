import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

/** The client leaves out of its answers what is always null. */
export type Application = Pick<Schema['ApplicationOut'], 'appName' | 'updatedAt' | 'strategies' | 'usage'>;
export type UnknownFlag = Schema['UnknownFlagOut'];

export const applicationsQuery = queryOptions({
  queryKey: ['applications'],
  queryFn: async () => (await ask(client.GET('/api/admin/metrics/applications'))).applications,
});

export const deleteApplication = (appName: string) =>
  change(client.DELETE('/api/admin/metrics/applications/{appName}', { params: { path: { appName } } }));

/** Flags that applications ask about, and that are not there. */
export const unknownFlagsQuery = queryOptions({
  queryKey: ['applications', 'unknown-flags'],
  queryFn: async () => (await ask(client.GET('/api/admin/metrics/unknown-flags'))).unknownFlags,
});
