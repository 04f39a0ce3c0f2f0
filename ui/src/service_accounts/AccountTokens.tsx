import { Button, Modal, Select, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { ConfirmChange } from '../shared/ConfirmChange';
import { FormDialog } from '../shared/FormDialog';
import { Table } from '../shared/ListPage';
import { Secret } from '../shared/Secret';
import table from '../shared/table.module.css';
import { wholeTime } from '../shared/time';
import { When } from '../shared/When';
import { endOf, LIFETIMES } from '../tokens/lifetimes';
import { type Account, type AccountToken, createAccountToken, deleteAccountToken } from './api';

/** The tokens of a service account; a new one's secret is shown once. */
export function AccountTokens({ account, onClose }: { account: Account; onClose: () => void }) {
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState('');
  const [deleting, setDeleting] = useState<AccountToken | null>(null);
  if (creating)
    return (
      <NewToken
        account={account}
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
      <ConfirmChange
        title={`Delete the token for ${deleting.description}`}
        act="Delete token"
        slice="service-accounts"
        change={{
          run: () => deleteAccountToken(account.id, deleting.id),
          done: `Deleted the token for ${deleting.description}.`,
          not: 'Not deleted',
        }}
        onClose={() => setDeleting(null)}
      >
        Programs that use it are refused from now on.
      </ConfirmChange>
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
        <Table columns={['For', 'Created', 'Last seen', 'Expires', 'more']}>
          {account.tokens.map((each) => (
            <tr key={each.id}>
              <th scope="row">{each.description}</th>
              <td>
                <When at={each.createdAt} />
              </td>
              <td>{each.seenAt ? <When at={each.seenAt} /> : 'never'}</td>
              <td>{wholeTime(each.expiresAt)}</td>
              <td className={table.number}>
                <Button
                  size="compact-xs"
                  color="red"
                  aria-label={`Delete ${each.description}`}
                  onClick={() => setDeleting(each)}
                >
                  Delete
                </Button>
              </td>
            </tr>
          ))}
        </Table>
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

function NewToken({
  account,
  onMade,
  onClose,
}: {
  account: Account;
  onMade: (made: AccountToken) => void;
  onClose: () => void;
}) {
  const [description, setDescription] = useState('');
  const [days, setDays] = useState('90');
  return (
    <FormDialog
      title={`Create a token of ${account.name}`}
      act="Create token"
      ready={description.trim() !== ''}
      keys={['service-accounts']}
      done={`Created a token of ${account.name}.`}
      run={() => createAccountToken(account.id, { description: description.trim(), expiresAt: endOf(days) ?? '' })}
      onDone={onMade}
      onClose={onClose}
    >
      {(about) => (
        <>
          <TextInput
            label="What it is for"
            value={description}
            error={about('description')}
            onChange={(event) => setDescription(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
          <Select
            label="Expires in"
            allowDeselect={false}
            data={LIFETIMES}
            value={days}
            onChange={(next) => next && setDays(next)}
          />
        </>
      )}
    </FormDialog>
  );
}
