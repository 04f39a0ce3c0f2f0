import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type ContextField = Schema['ContextFieldOut'];
export type LegalValue = Schema['LegalValue'];

export const contextFieldsQuery = queryOptions({
  queryKey: ['context-fields'],
  queryFn: () => ask(client.GET('/api/admin/context', { params: { query: { include: 'project' } } })),
  staleTime: 30_000,
});

const of = (contextField: string) => ({ params: { path: { contextField } } });

export const contextFieldQuery = (name: string) =>
  queryOptions({
    queryKey: ['context-fields', 'one', name],
    queryFn: () => ask(client.GET('/api/admin/context/{contextField}', of(name))),
  });

/** The strategies with constraints on it. */
export const fieldUsesQuery = (name: string) =>
  queryOptions({
    queryKey: ['context-fields', 'uses', name],
    queryFn: async () => (await ask(client.GET('/api/admin/context/{contextField}/strategies', of(name)))).strategies,
  });

export const createContextField = (body: Schema['ContextFieldDraft']) =>
  change(client.POST('/api/admin/context', { body }));

export const updateContextField = (name: string, body: Schema['ContextFieldChange']) =>
  change(client.PUT('/api/admin/context/{contextField}', { ...of(name), body }));

export const deleteContextField = (name: string) =>
  change(client.DELETE('/api/admin/context/{contextField}', of(name)));
