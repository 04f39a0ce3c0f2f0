import { Button, PasswordInput, Stack } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, messageOf } from '../api/errors';
import { queryClient } from '../api/query-client';
import { Page } from '../shared/Page';
import { toast } from '../shared/toasts';
import { changePassword, meQuery } from './api';
import { displayName } from './model';
import { PersonalTokens } from './PersonalTokens';
import { Sessions } from './Sessions';

/** The model of a form page: what is typed is kept here, what is wrong with it is said by the server, beside its field. */
export function ProfilePage() {
  const me = useQuery(meQuery).data;
  return (
    <Page title="Profile" below={me && `You are logged in as ${displayName(me.user)}.`}>
      <h2>Change password</h2>
      <PasswordForm />
      <PersonalTokens />
      <Sessions />
    </Page>
  );
}

function PasswordForm() {
  const [old, setOld] = useState('');
  const [password, setPassword] = useState('');
  const [again, setAgain] = useState('');
  const saving = useMutation({
    mutationFn: () => changePassword(old, password),
    onSuccess: () => {
      setOld('');
      setPassword('');
      setAgain('');
      queryClient.invalidateQueries({ queryKey: ['log'] });
      toast('Password changed. Your other sessions have ended.');
    },
  });
  const differs = again !== '' && again !== password;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!differs) saving.mutate();
      }}
    >
      <Stack gap="md" maw={360} mt="sm">
        <PasswordInput
          label="Current password"
          autoComplete="current-password"
          value={old}
          onChange={(event) => setOld(event.currentTarget.value)}
          error={wrongOld(saving.error)}
          required
          withAsterisk={false}
        />
        <PasswordInput
          label="New password"
          description="Ten characters or more, with upper and lower case letters, a number and a sign"
          autoComplete="new-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          error={saving.error && !wrongOld(saving.error) ? reasons(saving.error) : undefined}
          required
          withAsterisk={false}
        />
        <PasswordInput
          label="New password again"
          autoComplete="new-password"
          value={again}
          onChange={(event) => setAgain(event.currentTarget.value)}
          error={differs ? 'The two are different.' : undefined}
          required
          withAsterisk={false}
        />
        <div>
          <Button
            type="submit"
            variant="filled"
            loading={saving.isPending}
            disabled={!old || !password || again !== password}
          >
            Change password
          </Button>
        </div>
      </Stack>
    </form>
  );
}

const wrongOld = (error: unknown) =>
  error instanceof ApiError && error.status === 401 ? 'This is not your current password.' : undefined;

function reasons(error: unknown): string {
  const details = error instanceof ApiError ? (error.body.details ?? []) : [];
  return details.length ? details.map((each) => each.message).join(' ') : messageOf(error);
}
