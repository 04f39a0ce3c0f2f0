import { Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Role } from '../access/api';
import { FormDialog } from '../shared/FormDialog';
import { type Account, createAccount, updateAccount } from './api';

export function AccountForm({
  account,
  roles,
  onClose,
}: {
  account: Account | null;
  roles: Role[];
  onClose: () => void;
}) {
  const [name, setName] = useState(account?.name ?? '');
  const [username, setUsername] = useState('');
  const viewer = roles.find((each) => each.name === 'Viewer') ?? roles[0];
  const [role, setRole] = useState(String(account?.rootRole ?? viewer?.id ?? ''));
  const called = name.trim();
  return (
    <FormDialog
      title={account ? `Change ${account.name}` : 'Create a service account'}
      act={account ? 'Save service account' : 'Create service account'}
      ready={called !== '' && (account !== null || username.trim() !== '')}
      keys={['service-accounts']}
      done={`${account ? 'Saved' : 'Created'} ${called}.`}
      run={() => {
        const rest = { name: called, rootRole: Number(role) };
        return account ? updateAccount(account.id, rest) : createAccount({ username: username.trim(), ...rest });
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
          {!account && (
            <TextInput
              label="Username"
              description="What the event log calls it. It cannot be changed later."
              value={username}
              error={about('username')}
              onChange={(event) => setUsername(event.currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
            />
          )}
          <Select
            label="Role on this server"
            description={roles.find((each) => String(each.id) === role)?.description}
            allowDeselect={false}
            data={roles.map((each) => ({ value: String(each.id), label: each.name }))}
            value={role}
            error={about('rootRole')}
            onChange={(id) => id && setRole(id)}
          />
        </>
      )}
    </FormDialog>
  );
}
