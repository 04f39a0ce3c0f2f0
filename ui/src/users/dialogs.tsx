import { Button, PasswordInput, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import { displayName } from '../session/model';
import { FormDialog } from '../shared/FormDialog';
import { createUser, type Role, setPassword, type User, updateUser } from './api';
import { newPassword, viewerOf } from './model';

export function RoleSelect({
  roles,
  value,
  onChange,
}: {
  roles: Role[];
  value: string;
  onChange: (id: string) => void;
}) {
  return (
    <Select
      label="Role"
      description={roles.find((each) => String(each.id) === value)?.description}
      allowDeselect={false}
      data={roles.map((each) => ({ value: String(each.id), label: each.name }))}
      value={value}
      onChange={(id) => id && onChange(id)}
    />
  );
}

/** A password, typed or made. It can be read, for somebody has to be told. */
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
    <>
      <PasswordInput
        label="Password"
        description="Ten characters or more, with upper and lower case letters, a number and a sign"
        autoComplete="new-password"
        value={value}
        error={error}
        visibilityToggleButtonProps={{ 'aria-label': 'Show the password' }}
        onChange={(event) => onChange(event.currentTarget.value)}
      />
      <div>
        <Button size="compact-xs" onClick={() => onChange(newPassword())}>
          Make one
        </Button>{' '}
        {value && (
          <Button
            size="compact-xs"
            onClick={() => navigator.clipboard?.writeText(value)}
            disabled={!navigator.clipboard}
          >
            Copy
          </Button>
        )}
      </div>
    </>
  );
}

export function NewUser({
  roles,
  onMade,
  onClose,
}: {
  roles: Role[];
  /** With the link by which they choose a password, where none was set. */
  onMade: (name: string, link: string) => void;
  onClose: () => void;
}) {
  const [name, setName] = useState('');
  const [username, setUsername] = useState('');
  const [email, setEmail] = useState('');
  const [password, setPassword_] = useState('');
  const [role, setRole] = useState(viewerOf(roles));
  return (
    <FormDialog
      title="Create a user"
      act="Create user"
      ready={Boolean(username.trim() || email.trim())}
      keys={['users']}
      done={`Created ${name || username || email}.`}
      run={() =>
        createUser({
          rootRole: Number(role),
          name: name.trim() || null,
          username: username.trim() || null,
          email: email.trim() || null,
          password: password || null,
          sendEmail: false,
        })
      }
      onDone={(user) => {
        if (!password && user.inviteLink) onMade(displayName(user), user.inviteLink);
        else onClose();
      }}
      onClose={onClose}
    >
      {(about) => (
        <>
          <TextInput
            label="Name"
            value={name}
            error={about('name')}
            onChange={(event) => setName(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
          <TextInput
            label="Username"
            description="To log in with; or the e-mail address"
            value={username}
            error={about('username')}
            onChange={(event) => setUsername(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
          />
          <TextInput
            label="E-mail"
            type="email"
            value={email}
            error={about('email')}
            onChange={(event) => setEmail(event.currentTarget.value)}
            autoComplete="off"
          />
          <RoleSelect roles={roles} value={role} onChange={setRole} />
          <Password value={password} error={about('password')} onChange={setPassword_} />
          {!password && <p className="hint">Without a password you are given a link, by which they choose one.</p>}
        </>
      )}
    </FormDialog>
  );
}

export function EditUser({ user, roles, onClose }: { user: User; roles: Role[]; onClose: () => void }) {
  const [name, setName] = useState(user.name ?? '');
  const [email, setEmail] = useState(user.email ?? '');
  const [role, setRole] = useState(String(user.rootRole ?? ''));
  return (
    <FormDialog
      title={`Change ${displayName(user)}`}
      act="Save user"
      ready
      keys={['users', 'session']}
      done={`Saved ${displayName(user)}.`}
      run={() =>
        updateUser(user.id, {
          ...(name.trim() === (user.name ?? '') ? {} : { name: name.trim() }),
          ...(email.trim() === (user.email ?? '') ? {} : { email: email.trim() }),
          rootRole: Number(role),
        })
      }
      onClose={onClose}
    >
      {(about) => (
        <>
          <TextInput
            label="Name"
            value={name}
            error={about('name')}
            onChange={(event) => setName(event.currentTarget.value)}
            data-autofocus
          />
          <TextInput
            label="E-mail"
            type="email"
            value={email}
            error={about('email')}
            onChange={(event) => setEmail(event.currentTarget.value)}
          />
          <RoleSelect roles={roles} value={role} onChange={setRole} />
        </>
      )}
    </FormDialog>
  );
}

export function SetPassword({ user, onClose }: { user: User; onClose: () => void }) {
  const [password, setPassword_] = useState('');
  return (
    <FormDialog
      title={`A new password for ${displayName(user)}`}
      act="Set password"
      ready={password !== ''}
      keys={['users']}
      done={`${displayName(user)} has a new password. The sessions have ended.`}
      run={() => setPassword(user.id, password)}
      onClose={onClose}
    >
      {(about) => (
        <>
          <Password value={password} error={about('password')} onChange={setPassword_} />
          <p className="hint">All sessions of this user end at once. Personal access tokens stay.</p>
        </>
      )}
    </FormDialog>
  );
}
