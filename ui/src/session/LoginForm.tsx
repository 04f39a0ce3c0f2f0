import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { ApiError, messageOf } from '../api/errors';
import { logIn } from './api';

function why(error: unknown): string {
  if (error instanceof ApiError && error.status === 401) return 'This name and this password do not belong together.';
  return messageOf(error);
}

export function LoginForm({ onDone }: { onDone: () => void }) {
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
