import { Alert, Button, PasswordInput, Stack, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { ApiError } from '../api/errors';
import { type About, reasons } from '../shared/FormDialog';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import { choosePassword, inviteQuery, ownerQuery, sendLink, signUp } from './links';
import { OutsidePage } from './OutsidePage';

/** Asks for a mail with a link. Whether somebody has that address is told to nobody. */
export function ForgottenPasswordPage() {
  const [email, setEmail] = useState('');
  return (
    <OutsidePage title="Choose a new password">
      <OutsideForm act="Send me a link" ready={email.trim() !== ''} run={() => sendLink(email.trim())} done={<Sent />}>
        {(about) => (
          <TextInput
            size="sm"
            label="E-mail"
            description="Of your account. A mail with a link is sent there."
            type="email"
            autoComplete="email"
            value={email}
            error={about('email')}
            onChange={(event) => setEmail(event.currentTarget.value)}
            autoFocus
          />
        )}
      </OutsideForm>
      <p className="hint">
        Without an address, or where this server sends no mail, an administrator can give you a link.
      </p>
      <ToLogin />
    </OutsidePage>
  );
}

const Sent = () => (
  <EmptyState title="Look into your mail">
    If an account has this address, a link is on its way. It holds for a day.
  </EmptyState>
);

const ToLogin = () => (
  <p>
    <Link to="/login">Log in</Link>
  </p>
);

/** Chooses a password with a link from a mail, or from an administrator. */
export function ResetPasswordPage() {
  const { token = '' } = useSearch({ strict: false }) as { token?: string };
  return <ByLink title="Choose a new password" token={token} />;
}

/** Where invitations lead: those to an account that is there, and those to make one. */
export function NewUserPage() {
  const { token = '', invite = '' } = useSearch({ strict: false }) as { token?: string; invite?: string };
  if (!invite) return <ByLink title="Welcome to Flagkeeper" token={token} />;
  return <SignUp invite={invite} />;
}

function ByLink({ title, token }: { title: string; token: string }) {
  const owner = useQuery(ownerQuery(token));
  const [password, setPassword] = useState('');
  const navigate = useNavigate();
  return (
    <OutsidePage title={title}>
      <Asked error={owner.error} waiting={owner.isPending}>
        {owner.data && (
          <OutsideForm
            act="Choose this password"
            ready={password !== ''}
            run={async () => {
              await choosePassword({ token, password });
              await navigate({ to: '/login', search: {} });
            }}
          >
            {(about) => (
              <>
                <p>
                  It is for {owner.data.name || owner.data.email || 'you'}: {owner.data.role.name} here.
                </p>
                <Password value={password} error={about('password')} onChange={setPassword} />
              </>
            )}
          </OutsideForm>
        )}
      </Asked>
      <ToLogin />
    </OutsidePage>
  );
}

function SignUp({ invite }: { invite: string }) {
  const found = useQuery(inviteQuery(invite));
  const [name, setName] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const navigate = useNavigate();
  return (
    <OutsidePage title="Welcome to Flagkeeper">
      <Asked error={found.error} waiting={found.isPending}>
        <OutsideForm
          act="Make my account"
          ready={Boolean(name.trim() && email.trim() && password)}
          run={async () => {
            await signUp(invite, { name: name.trim(), email: email.trim(), password });
            await navigate({ to: '/login', search: {} });
          }}
        >
          {(about) => (
            <>
              <TextInput
                size="sm"
                label="Name"
                autoComplete="name"
                value={name}
                error={about('name')}
                onChange={(event) => setName(event.currentTarget.value)}
                autoFocus
              />
              <TextInput
                size="sm"
                label="E-mail"
                type="email"
                autoComplete="username"
                value={email}
                error={about('email')}
                onChange={(event) => setEmail(event.currentTarget.value)}
              />
              <Password value={password} error={about('password')} onChange={setPassword} />
            </>
          )}
        </OutsideForm>
      </Asked>
      <ToLogin />
    </OutsidePage>
  );
}

/** What a link leads to, once the server has said that it holds. */
function Asked({ error, waiting, children }: { error: unknown; waiting: boolean; children: ReactNode }) {
  if (waiting) return <Waiting rows={3} />;
  if (error instanceof ApiError && error.status > 0 && error.status < 500)
    return <EmptyState title="This link does not hold">{error.message} Ask for another one.</EmptyState>;
  return error ? <ErrorState error={error} /> : children;
}

function Password({
  value,
  error,
  onChange,
}: {
  value: string;
  error: string | undefined;
  onChange: (password: string) => void;
}) {
  return (
    <PasswordInput
      size="sm"
      label="Password"
      description="Ten characters or more, with upper and lower case letters, a number and a sign"
      autoComplete="new-password"
      value={value}
      error={error}
      visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

function OutsideForm({
  act,
  ready,
  run,
  done,
  children,
}: {
  /** What the button says: the act itself. */
  act: string;
  ready: boolean;
  run: () => Promise<unknown>;
  /** In place of the form when it was taken. */
  done?: ReactNode;
  children: (about: About) => ReactNode;
}) {
  const sending = useMutation({ mutationFn: run });
  const { error } = sending;
  if (sending.isSuccess && done) return done;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) sending.mutate();
      }}
    >
      <Stack gap="md">
        {error && (
          <Alert color="red" variant="light" role="alert">
            {reasons(error)}
          </Alert>
        )}
        {children((field) => (error instanceof ApiError ? error.about(field) : undefined))}
        <Button type="submit" variant="filled" size="sm" disabled={!ready} loading={sending.isPending}>
          {act}
        </Button>
      </Stack>
    </form>
  );
}
