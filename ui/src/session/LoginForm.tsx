import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { basePath } from '../api/client';
import { ApiError, messageOf } from '../api/errors';
import { logIn, waysQuery } from './api';
import { signOnPath } from './model';

function why(error: unknown): string {
  if (error instanceof ApiError && error.status === 401) return 'This name and this password do not belong together.';
  return messageOf(error);
}

/** The ways in that the server offers; a password, as long as it has not said otherwise. Others leave this page, and
 * lead back to `target`. */
export function LoginForm({ onDone, target }: { onDone: () => void; target?: string | undefined }) {
  const ways = useQuery(waysQuery).data;
  return (
    <Stack gap="md">
      {ways?.options.map((way) => (
        <Button key={way.type} component="a" href={signOnPath(basePath, way.path, target)} variant="light" size="sm">
          {way.message}
        </Button>
      ))}
      {ways?.password !== false && <PasswordForm onDone={onDone} />}
    </Stack>
  );
}

function PasswordForm({ onDone }: { onDone: () => void }) {
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const login = useMutation({ mutationFn: () => logIn(name, password), onSuccess: onDone });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        login.mutate();
      }}
    >
      <Stack gap="md">
        {login.isError && (
          <Alert color="red" variant="light" role="alert">
            {why(login.error)}
          </Alert>
        )}
        <TextInput
          size="sm"
          label="Username or e-mail"
          name="username"
          autoComplete="username"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          required
          withAsterisk={false}
          data-autofocus
          autoFocus
        />
        <PasswordInput
          size="sm"
          label="Password"
          name="password"
          autoComplete="current-password"
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
          required
          withAsterisk={false}
          visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        />
        <Button type="submit" variant="filled" size="sm" loading={login.isPending}>
          Log in
        </Button>
      </Stack>
    </form>
  );
}
