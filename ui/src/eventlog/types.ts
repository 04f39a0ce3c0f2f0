import { queryOptions, useQuery } from '@tanstack/react-query';
import { ask, client } from '../api/client';

/** Every type of event: its label, and what it is about. */
export const typesQuery = queryOptions({
  queryKey: ['event-types'],
  queryFn: async () => (await ask(client.GET('/api/admin/log/types'))).types,
  staleTime: Number.POSITIVE_INFINITY,
  select: (types) => new Map(types.map((each) => [each.type, each.label])),
});

const NONE: ReadonlyMap<string, string> = new Map();

/** The label of each type. */
export const useTypeLabels = (): ReadonlyMap<string, string> => useQuery(typesQuery).data ?? NONE;
