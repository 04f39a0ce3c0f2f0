import { queryOptions } from '@tanstack/react-query';
import { ask, change, client, type Schema } from '../api/client';

export type Notification = Schema['NotificationOut'];

export const notificationsQuery = queryOptions({
  queryKey: ['notifications'],
  queryFn: () => ask(client.GET('/api/admin/notifications')),
  refetchInterval: 60_000,
});

export const markRead = (notifications: number[]) =>
  change(client.POST('/api/admin/notifications/read', { body: { notifications } }));
