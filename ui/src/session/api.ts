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

/** Ends all sessions. The server leads to its login page afterwards; that one is shown here, without a way through the
 * network. Who came by SAML leaves this page, for where the identity provider logs people out. */
export async function logOut(): Promise<void> {
  const open = await client.GET('/api/admin/user/sessions');
  const own = open.data?.sessions.find((each) => each.current);
  await fetch(`${basePath}/logout`, { method: 'POST', credentials: 'same-origin', redirect: 'manual' });
  if (own?.authType === 'saml') window.location.assign(`${basePath}/auth/saml/signed-out`);
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
