import { Button, Modal } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import {
  DeletePersonalToken,
  NewPersonalToken,
  type PersonalToken,
  PersonalTokenTable,
} from '../shared/PersonalTokens';
import { Secret } from '../shared/Secret';
import { type Account, createAccountToken, deleteAccountToken } from './api';

const SLICE = 'service-accounts';

/** The tokens of a service account; a new one's secret is shown once. */
export function AccountTokens({ account, onClose }: { account: Account; onClose: () => void }) {
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState('');
  const [deleting, setDeleting] = useState<PersonalToken | null>(null);
  if (creating)
    return (
      <NewPersonalToken
        title={`Create a token of ${account.name}`}
        act="Create token"
        slice={SLICE}
        done={`Created a token of ${account.name}.`}
        days="90"
        create={(body) => createAccountToken(account.id, body)}
        onMade={(made) => {
          setCreating(false);
          setSecret(made.secret ?? '');
        }}
        onClose={() => setCreating(false)}
      />
    );
  if (secret) return <Secret title={`A token of ${account.name}`} secret={secret} onStored={() => setSecret('')} />;
  if (deleting)
    return (
      <DeletePersonalToken
        token={deleting}
        who="Programs"
        slice={SLICE}
        remove={() => deleteAccountToken(account.id, deleting.id)}
        onClose={() => setDeleting(null)}
      />
    );
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Tokens of ${account.name}`}
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {account.tokens.length === 0 ? (
        <p>It has none yet, and can do nothing without.</p>
      ) : (
        <PersonalTokenTable tokens={account.tokens} onDelete={setDeleting} />
      )}
      <div className="buttons">
        <Button onClick={onClose}>Close</Button>
        <Button variant="filled" leftSection={<IconPlus size={15} />} onClick={() => setCreating(true)}>
          Create token
        </Button>
      </div>
    </Modal>
  );
}
