import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type Archive = Schema['ArchiveOut'];
export type Hold = Schema['HoldOut'];

const WORKING = 1_500;

/** Where the events are; asked again while a run is under way. */
export const archiveQuery = queryOptions({
  queryKey: ['retention', 'archive'],
  queryFn: () => ask(client.GET('/api/admin/log/archive')),
  refetchInterval: (query) => (query.state.data?.lastRun?.finishedAt === null ? WORKING : false),
});

export const pseudonymsQuery = queryOptions({
  queryKey: ['retention', 'pseudonyms'],
  queryFn: async () => (await ask(client.GET('/api/admin/log/pseudonyms'))).pseudonyms,
  refetchInterval: (query) => (query.state.data?.some((each) => each.finishedAt === null) ? WORKING : false),
});

export const runArchive = () => change(client.POST('/api/admin/log/archive/runs'));

export const placeHold = (reason: string) => change(client.POST('/api/admin/log/holds', { body: { reason } }));

export const liftHold = (holdId: number) =>
  change(client.DELETE('/api/admin/log/holds/{holdId}', { params: { path: { holdId } } }));

export const pseudonymise = (body: Schema['PersonBody']) => change(client.POST('/api/admin/log/pseudonyms', { body }));
