import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type Project = Schema['ProjectOut'];

export const projectsQuery = queryOptions({
  queryKey: ['projects'],
  queryFn: async () => (await ask(client.GET('/api/admin/projects'))).projects,
  staleTime: 60_000,
});

export const projectQuery = (projectId: string) =>
  queryOptions({
    queryKey: ['projects', 'one', projectId],
    queryFn: () => ask(client.GET('/api/admin/projects/{projectId}/overview', { params: { path: { projectId } } })),
  });

export const setFavoriteProject = (projectId: string, favorite: boolean) =>
  favorite
    ? change(client.POST('/api/admin/projects/{projectId}/favorites', { params: { path: { projectId } } }))
    : change(client.DELETE('/api/admin/projects/{projectId}/favorites', { params: { path: { projectId } } }));
