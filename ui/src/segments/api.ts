import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type Segment = Schema['SegmentsSegmentOut'];
export type SegmentBody = Schema['SegmentBody'];

const of = (id: number) => ({ params: { path: { id } } });

export const segmentQuery = (id: number) =>
  queryOptions({
    queryKey: ['segments', 'one', id],
    queryFn: () => ask(client.GET('/api/admin/segments/{id}', of(id))),
  });

/** The strategies that use it. */
export const usesQuery = (id: number) =>
  queryOptions({
    queryKey: ['segments', 'uses', id],
    queryFn: async () => (await ask(client.GET('/api/admin/segments/{id}/strategies', of(id)))).strategies,
  });

export const createSegment = (body: SegmentBody) => change(client.POST('/api/admin/segments', { body }));

export const updateSegment = (id: number, body: SegmentBody) =>
  change(client.PUT('/api/admin/segments/{id}', { ...of(id), body }));

export const deleteSegment = (id: number) => change(client.DELETE('/api/admin/segments/{id}', of(id)));
