import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type AccessRequest = Schema['AccessRequestOut'];

export const accessRequestsQuery = queryOptions({
  queryKey: ['access_requests'],
  queryFn: async () => (await ask(client.GET('/api/admin/user-access-requests'))).requests,
});

const of = (request_id: string) => ({ params: { path: { request_id } } });

export const approve = (id: string, rootRole: number) =>
  change(client.POST('/api/admin/user-access-requests/{request_id}/approve', { ...of(id), body: { rootRole } }));

export const reject = (id: string) => change(client.DELETE('/api/admin/user-access-requests/{request_id}', of(id)));
