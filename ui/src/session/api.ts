import { queryOptions } from '@tanstack/react-query';
import { ask, basePath, change, client } from '../api/client';

export const meQuery = queryOptions({
  queryKey: ['session', 'me'],
  queryFn: () => ask(client.GET('/api/admin/user')),
  staleTime: 60_000,
});

/** Passwords may be switched off, and single sign-on be there. */
export const waysQuery = queryOptions({
  queryKey: ['session', 'ways'],
  queryFn: () => ask(client.GET('/auth/options')),
  staleTime: 60_000,
});

export const logIn = (username: string, password: string) =>
  ask(client.POST('/auth/simple/login', { body: { username, password } }));

/** The server leads to its login page afterwards; that one is shown here, without a way through the network. */
export async function logOut(): Promise<void> {
  await fetch(`${basePath}/logout`, { method: 'POST', credentials: 'same-origin', redirect: 'manual' });
}

export const changePassword = (oldPassword: string, password: string) =>
  change(
    client.POST('/api/admin/user/change-password', { body: { oldPassword, password, confirmPassword: password } }),
  );

/** Where the reader is logged in, the newest first. */
export const sessionsQuery = queryOptions({
  queryKey: ['session', 'open'],
  queryFn: async () => (await ask(client.GET('/api/admin/user/sessions'))).sessions,
});

export const endSession = (sessionId: string) =>
  change(client.DELETE('/api/admin/user/sessions/{sessionId}', { params: { path: { sessionId } } }));

export const endOtherSessions = () => change(client.DELETE('/api/admin/user/sessions'));
