import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type AccessRequest = Schema['AccessRequestOut'];

export const accessRequestsQuery = queryOptions({
  queryKey: ['access_requests'],
  queryFn: async () => (await ask(client.GET('/api/admin/user-access-requests'))).requests,
});

const of = (requestId: string) => ({ params: { path: { requestId } } });

export const approve = (id: string, rootRole: number) =>
  change(client.POST('/api/admin/user-access-requests/{requestId}/approve', { ...of(id), body: { rootRole } }));

export const reject = (id: string) => change(client.DELETE('/api/admin/user-access-requests/{requestId}', of(id)));
