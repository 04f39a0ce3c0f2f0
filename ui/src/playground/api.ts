import { queryOptions } from '@tanstack/react-query';
import { ask, client, type Schema } from '../api/client';

export type Question = Schema['AdvancedPlaygroundBody'];
export type Played = Schema['PlacesOut'];
export type PlayedFlag = Schema['PlacedFlagOut'];
export type PlayedStrategy = Schema['PlaygroundStrategyOut'];

/** What somebody would get. */
export const playedQuery = (body: Question) =>
  queryOptions({
    queryKey: ['playground', body],
    queryFn: () => ask(client.POST('/api/admin/playground/advanced', { body })),
    enabled: body.environments.length > 0,
  });
