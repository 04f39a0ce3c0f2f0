import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { quoted } from '../eventlog/query';
import { useMay } from '../session/permissions';
import { Actor } from '../shared/Actor';
import { ConfirmChange } from '../shared/ConfirmChange';
import { ListPage } from '../shared/ListPage';
import table from '../shared/table.module.css';
import { several } from '../shared/time';
import { When } from '../shared/When';
import { AccountForm } from './AccountForm';
import { AccountTokens } from './AccountTokens';
import { type Account, accountsQuery, deleteAccount } from './api';

type Doing = 'edit' | 'tokens' | 'delete';

/** Programs that act in their own name: they have roles and tokens, and cannot log in. */
export function ServiceAccountsPage() {
  const admin = useMay()({ permission: 'ADMIN' });
  const found = useQuery({ ...accountsQuery, enabled: admin });
  const [creating, setCreating] = useState(false);
  const [doing, setDoing] = useState<{ what: Doing; id: number } | null>(null);
  const roles = found.data?.rootRoles ?? [];
  const account = found.data?.serviceAccounts.find((each) => each.id === doing?.id);
  const close = () => setDoing(null);
  return (
    <ListPage
      title="Service accounts"
      noun="service account"
      below="For programs that change things: the event log names them, and not the person who set them up."
      actions={
        <Button variant="filled" leftSection={<IconPlus size={15} />} onClick={() => setCreating(true)}>
          Create service account
        </Button>
      }
      refused={!admin && 'Only administrators see service accounts. Ask one to change your role.'}
      question={found}
      rows={found.data?.serviceAccounts}
      columns={['Name', 'Username', 'Role', 'Tokens', 'Last seen', 'more']}
      look="Name or username"
      text={(each) => `${each.name} ${each.username}`}
      empty="Create one for each program that changes flags."
      row={(each) => (
        <tr key={each.id}>
          <th scope="row">
            <Actor name={each.name} />
          </th>
          <td>{each.username}</td>
          <td>{roles.find(({ id }) => id === each.rootRole)?.name}</td>
          <td>{several(each.tokens.length, 'token')}</td>
          <td>{seen(each) ? <When at={seen(each)} /> : 'never'}</td>
          <td className={table.number}>
            <Link to="/history" search={{ q: `by:${quoted(each.username)}` }} className="link">
              History
            </Link>{' '}
            <Button
              size="compact-xs"
              aria-label={`Tokens of ${each.name}`}
              onClick={() => setDoing({ what: 'tokens', id: each.id })}
            >
              Tokens
            </Button>{' '}
            <Button
              size="compact-xs"
              aria-label={`Change ${each.name}`}
              onClick={() => setDoing({ what: 'edit', id: each.id })}
            >
              Change
            </Button>{' '}
            <Button
              size="compact-xs"
              color="red"
              aria-label={`Delete ${each.name}`}
              onClick={() => setDoing({ what: 'delete', id: each.id })}
            >
              Delete
            </Button>
          </td>
        </tr>
      )}
    >
      {creating && <AccountForm account={null} roles={roles} onClose={() => setCreating(false)} />}
      {account && doing?.what === 'edit' && <AccountForm account={account} roles={roles} onClose={close} />}
      {account && doing?.what === 'tokens' && <AccountTokens account={account} onClose={close} />}
      {account && doing?.what === 'delete' && (
        <ConfirmChange
          title={`Delete ${account.name}`}
          act="Delete service account"
          typed={account.name}
          slice="service-accounts"
          change={{
            run: () => deleteAccount(account.id),
            done: `Deleted ${account.name}.`,
            not: 'Not deleted',
          }}
          onClose={close}
        >
          {account.tokens.length > 0 && `Its ${several(account.tokens.length, 'token')} go along. `}
          The event log keeps what it did.
        </ConfirmChange>
      )}
    </ListPage>
  );
}

/** When one of its tokens was last used. */
const seen = (account: Account): string =>
  account.tokens
    .map((each) => each.seenAt ?? '')
    .sort()
    .at(-1) ?? '';
