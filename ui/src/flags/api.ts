import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { ask, because, change, client, type Schema } from '../api/client';
import type { paths } from '../api/schema';

export type ListedFlag = Schema['FlagFound'];
export type FlagQuestion = NonNullable<paths['/api/admin/search/features']['get']['parameters']['query']>;
export type Flag = Schema['FlagDetailOut'];
export type FlagEnvironment = Flag['environments'][number];
export type Strategy = FlagEnvironment['strategies'][number];
export type StrategyDraft = Schema['StrategyDraft'];
export type Constraint = Schema['Constraint'];
export type Variant = NonNullable<StrategyDraft['variants']>[number];

/** A page of the flags that the reader may see, and how many there are in all; what was found before stays until then. */
export const foundFlagsQuery = (query: FlagQuestion) =>
  queryOptions({
    queryKey: ['flags', 'found', query],
    queryFn: () => ask(client.GET('/api/admin/search/features', { params: { query } })),
    placeholderData: keepPreviousData,
  });

export const flagQuery = (projectId: string, featureName: string) =>
  queryOptions({
    queryKey: ['flags', 'flag', projectId, featureName],
    queryFn: () =>
      ask(
        client.GET('/api/admin/projects/{projectId}/features/{featureName}', {
          params: { path: { projectId, featureName } },
        }),
      ),
  });

export const flagTypesQuery = queryOptions({
  queryKey: ['flags', 'types'],
  queryFn: async () => (await ask(client.GET('/api/admin/feature-types'))).types,
  staleTime: 300_000,
});

/** How often a flag was asked for in the last hours, by hour, application and environment. */
export const usageQuery = (name: string, hoursBack: string) =>
  queryOptions({
    queryKey: ['flags', 'usage', name, hoursBack],
    queryFn: () =>
      ask(
        client.GET('/api/admin/client-metrics/features/{name}/raw', {
          params: { path: { name }, query: { hoursBack } },
        }),
      ),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });

export interface Place {
  projectId: string;
  featureName: string;
  environment: string;
}

const AT = '/api/admin/projects/{projectId}/features/{featureName}/environments/{environment}' as const;

export const switchFlag = (path: Place, on: boolean, enableDisabled = false) =>
  on
    ? change(
        client.POST(`${AT}/on`, {
          params: { path, query: enableDisabled ? { shouldActivateDisabledStrategies: true } : {} },
        }),
      )
    : change(client.POST(`${AT}/off`, { params: { path } }));

export const addStrategy = (path: Place, body: StrategyDraft) =>
  change(client.POST(`${AT}/strategies`, { params: { path }, body }));

export const saveStrategy = (path: Place, strategyId: string, body: StrategyDraft, reason = '') =>
  change(
    client.PUT(`${AT}/strategies/{strategyId}`, {
      params: { path: { ...path, strategyId }, header: because(reason) },
      body: { ...body, sortOrder: body.sortOrder ?? undefined },
    }),
  );

export const saveVariants = (path: Place, body: Variant[]) =>
  change(client.PUT(`${AT}/variants`, { params: { path }, body }));

export const setStrategyDisabled = (path: Place, strategyId: string, disabled: boolean) =>
  change(
    client.PATCH(`${AT}/strategies/{strategyId}`, {
      params: { path: { ...path, strategyId } },
      body: [{ op: 'replace', path: '/disabled', value: disabled }],
    }),
  );

export const removeStrategy = (path: Place, strategyId: string) =>
  change(client.DELETE(`${AT}/strategies/{strategyId}`, { params: { path: { ...path, strategyId } } }));

export const orderStrategies = (path: Place, ids: string[]) =>
  change(
    client.POST(`${AT}/strategies/set-sort-order`, {
      params: { path },
      body: ids.map((id, sortOrder) => ({ id, sortOrder })),
    }),
  );

export const createFlag = (projectId: string, body: Schema['FlagDraft']) =>
  change(client.POST('/api/admin/projects/{projectId}/features', { params: { path: { projectId } }, body }));

export const updateFlag = (projectId: string, featureName: string, body: Schema['FlagChange']) =>
  change(
    client.PUT('/api/admin/projects/{projectId}/features/{featureName}', {
      params: { path: { projectId, featureName } },
      body,
    }),
  );

export const archiveFlags = (projectId: string, features: string[]) =>
  change(
    client.POST('/api/admin/projects/{projectId}/archive', { params: { path: { projectId } }, body: { features } }),
  );

export const reviveFlags = (projectId: string, features: string[]) =>
  change(
    client.POST('/api/admin/projects/{projectId}/revive', { params: { path: { projectId } }, body: { features } }),
  );

export const markStale = (projectId: string, features: string[], stale: boolean) =>
  change(
    client.POST('/api/admin/projects/{projectId}/stale', {
      params: { path: { projectId } },
      body: { features, stale },
    }),
  );

export const tagFlags = (
  projectId: string,
  features: string[],
  addedTags: Schema['Tag'][],
  removedTags: Schema['Tag'][],
) =>
  change(
    client.PUT('/api/admin/projects/{projectId}/tags', {
      params: { path: { projectId } },
      body: { features, tags: { addedTags, removedTags } },
    }),
  );

export const switchFlags = (projectId: string, environment: string, features: string[], on: boolean) => {
  const path = { projectId, environment };
  return on
    ? change(
        client.POST('/api/admin/projects/{projectId}/bulk_features/environments/{environment}/on', {
          params: { path },
          body: { features },
        }),
      )
    : change(
        client.POST('/api/admin/projects/{projectId}/bulk_features/environments/{environment}/off', {
          params: { path },
          body: { features },
        }),
      );
};

export const segmentsQuery = queryOptions({
  queryKey: ['segments'],
  queryFn: async () => (await ask(client.GET('/api/admin/segments'))).segments,
  staleTime: 30_000,
});

export const tagTypesQuery = queryOptions({
  queryKey: ['tags', 'types'],
  queryFn: async () => (await ask(client.GET('/api/admin/tag-types'))).tagTypes,
  staleTime: 60_000,
});

export const tagsQuery = queryOptions({
  queryKey: ['tags', 'all'],
  queryFn: async () => (await ask(client.GET('/api/admin/tags'))).tags,
  staleTime: 60_000,
});

export const strategyTypesQuery = queryOptions({
  queryKey: ['strategies'],
  queryFn: async () => (await ask(client.GET('/api/admin/strategies'))).strategies,
  staleTime: 60_000,
});

const OF = '/api/admin/projects/{projectId}/features/{featureName}' as const;
const DEPENDENCIES = '/api/admin/projects/{projectId}/features/{child}/dependencies' as const;

export type Dependency = Flag['dependencies'][number];
export type FlagLink = Flag['links'][number];
type Named = Pick<Flag, 'project' | 'name'>;

const at = ({ project, name }: Named) => ({ path: { projectId: project, featureName: name } });

/** The flags that a flag may depend on. */
export const parentsQuery = ({ project, name }: Named) =>
  queryOptions({
    queryKey: ['flags', 'parents', project, name],
    queryFn: () =>
      ask(
        client.GET('/api/admin/projects/{projectId}/features/{child}/parents', {
          params: { path: { projectId: project, child: name } },
        }),
      ),
  });

export const parentVariantsQuery = (project: string, parent: string) =>
  queryOptions({
    queryKey: ['flags', 'parent-variants', project, parent],
    queryFn: () =>
      ask(
        client.GET('/api/admin/projects/{projectId}/features/{parent}/parent-variants', {
          params: { path: { projectId: project, parent } },
        }),
      ),
    enabled: parent !== '',
  });

/** Makes a flag depend on another one; if it does already, in another way. */
export const dependOn = ({ project, name }: Named, body: Schema['DependencyDraft']) =>
  change(client.POST(DEPENDENCIES, { params: { path: { projectId: project, child: name } }, body }));

export const dependNoMore = ({ project, name }: Named, parent: string) =>
  change(client.DELETE(`${DEPENDENCIES}/{parent}`, { params: { path: { projectId: project, child: name, parent } } }));

export const addLink = (flag: Named, body: Schema['LinkDraft']) =>
  change(client.POST(`${OF}/link`, { params: at(flag), body }));

export const saveLink = ({ project, name }: Named, linkId: string, body: Schema['LinkDraft']) =>
  change(
    client.PUT(`${OF}/link/{linkId}`, { params: { path: { projectId: project, featureName: name, linkId } }, body }),
  );

export const removeLink = ({ project, name }: Named, linkId: string) =>
  change(client.DELETE(`${OF}/link/{linkId}`, { params: { path: { projectId: project, featureName: name, linkId } } }));

export const complete = (flag: Named, body: Schema['CompletionDraft']) =>
  change(client.POST(`${OF}/lifecycle/complete`, { params: at(flag), body }));

export const uncomplete = (flag: Named) => change(client.POST(`${OF}/lifecycle/uncomplete`, { params: at(flag) }));

export const setFavorite = (flag: Named, favorite: boolean) =>
  favorite
    ? change(client.POST(`${OF}/favorites`, { params: at(flag) }))
    : change(client.DELETE(`${OF}/favorites`, { params: at(flag) }));
