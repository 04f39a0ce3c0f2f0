import { queryOptions } from '@tanstack/react-query';
import { ask, client, type Schema } from '../api/client';

/** Whose password can be chosen with a link. What a link is, it stays: it is asked once. */
export const ownerQuery = (token: string) =>
  queryOptions({
    queryKey: ['session', 'link', token],
    queryFn: () => ask(client.GET('/auth/reset/validate', { params: { query: { token } } })),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });

export const choosePassword = (body: Schema['NewPasswordBody']) => ask(client.POST('/auth/reset/password', { body }));

export const sendLink = (email: string) => ask(client.POST('/auth/reset/password-email', { body: { email } }));

export const inviteQuery = (token: string) =>
  queryOptions({
    queryKey: ['session', 'invite', token],
    queryFn: async () => {
      await ask(client.GET('/invite/{token}/validate', { params: { path: { token } } }));
      return true;
    },
    retry: false,
  });

export const signUp = (token: string, body: Schema['SignUpBody']) =>
  ask(client.POST('/invite/{token}/signup', { params: { path: { token } }, body }));
