import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type Integration = Schema['IntegrationOut'];
export type Provider = Schema['ProviderOut'];
export type Parameter = Schema['ParameterOut'];
export type IntegrationBody = Schema['IntegrationBody'];
export type Delivery = Schema['DeliveryDeliveryOut'];
export type Attempt = Schema['IntegrationEvent'];

export const integrationsQuery = queryOptions({
  queryKey: ['integrations'],
  queryFn: () => ask(client.GET('/api/admin/addons')),
});

const PAGE = 50;
const MOST_ATTEMPTS = 100;
const PATIENCE = 2_000;

/** Deliveries in a state, the newest events first; asked again while somebody looks. */
export const deliveriesQuery = (id: number, state: Delivery['state'] | undefined) =>
  infiniteQueryOptions({
    queryKey: ['integrations', 'deliveries', id, state],
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) =>
      ask(
        client.GET('/api/admin/addons/{id}/deliveries', {
          params: {
            path: { id: String(id) },
            query: { limit: String(PAGE), offset: String(pageParam), ...(state ? { state } : {}) },
          },
          signal,
        }),
      ),
    getNextPageParam: (page, pages) => {
      const seen = pages.reduce((sum, each) => sum + each.deliveries.length, 0);
      return page.deliveries.length && seen < page.total ? seen : undefined;
    },
    refetchInterval: PATIENCE,
  });

/** How many deliveries there are in a state, of events of a time. */
export const deliveryCountQuery = (
  id: number,
  { state, from, to }: { state?: Delivery['state']; from?: string; to?: string },
) =>
  queryOptions({
    queryKey: ['integrations', 'count', id, state, from, to],
    queryFn: async () => {
      const query = { limit: '1', ...(state ? { state } : {}), ...(from ? { from } : {}), ...(to ? { to } : {}) };
      const params = { path: { id: String(id) }, query };
      return (await ask(client.GET('/api/admin/addons/{id}/deliveries', { params }))).total;
    },
  });

/** The newest attempts, by event. Only administrators may see what was answered. */
export const attemptsQuery = (id: number) =>
  queryOptions({
    queryKey: ['integrations', 'attempts', id],
    queryFn: async () => {
      const { integrationEvents } = await ask(
        client.GET('/api/admin/addons/{id}/events', {
          params: { path: { id: String(id) }, query: { limit: String(MOST_ATTEMPTS) } },
        }),
      );
      return integrationEvents;
    },
    refetchInterval: PATIENCE,
  });

export const dryRunQuery = (body: IntegrationBody) =>
  queryOptions({
    queryKey: ['integrations', 'dry-run', body],
    queryFn: () => ask(client.POST('/api/admin/addons/dry-run', { body })),
    enabled: body.events.length > 0,
    staleTime: 60_000,
  });

const at = (id: number) => ({ params: { path: { id: String(id) } } });

export const createIntegration = (body: IntegrationBody) => change(client.POST('/api/admin/addons', { body }));

export const updateIntegration = (id: number, body: IntegrationBody) =>
  change(client.PUT('/api/admin/addons/{id}', { ...at(id), body }));

export const deleteIntegration = (id: number) => change(client.DELETE('/api/admin/addons/{id}', at(id)));

export const sendTest = (id: number) => change(client.POST('/api/admin/addons/{id}/test', at(id)));

export const newSigningSecret = (id: number) => change(client.POST('/api/admin/addons/{id}/signing-secret', at(id)));

export const sendAgain = (id: number, eventId: number) =>
  change(
    client.POST('/api/admin/addons/{id}/deliveries/{eventId}/replay', {
      params: { path: { id: String(id), eventId: String(eventId) } },
    }),
  );

export const replay = (id: number, body: Schema['ReplayBody']) =>
  change(client.POST('/api/admin/addons/{id}/deliveries/replay', { ...at(id), body }));
