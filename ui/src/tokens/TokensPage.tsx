import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '../session/permissions';
import { Can } from '../shared/Can';
import { Chip, EnvChip } from '../shared/Chip';
import { ConfirmChange } from '../shared/ConfirmChange';
import { ListPage } from '../shared/ListPage';
import { Secret } from '../shared/Secret';
import table from '../shared/table.module.css';
import { When } from '../shared/When';
import { deleteToken, type Token, tokensQuery } from './api';
import { Expiry } from './Expiry';
import { NewToken } from './NewToken';

const READ = ['READ_CLIENT_API_TOKEN', 'READ_FRONTEND_API_TOKEN'];

/** The tokens that applications use; their secrets are nowhere. */
export function TokensPage() {
  const may = useMay();
  const allowed = READ.some((permission) => may({ permission }));
  const found = useQuery({ ...tokensQuery, enabled: allowed });
  const [creating, setCreating] = useState(false);
  const [made, setMade] = useState<Token | null>(null);
  const [deleting, setDeleting] = useState<Token | null>(null);
  const creatable = may({ permission: 'CREATE_CLIENT_API_TOKEN' })
    ? 'CREATE_CLIENT_API_TOKEN'
    : 'CREATE_FRONTEND_API_TOKEN';
  return (
    <ListPage
      title="API tokens"
      noun="API token"
      below="Applications read flags with them. A secret is shown once, when its token is made."
      actions={
        <Can need={{ permission: creatable }}>
          <Button variant="filled" leftSection={<IconPlus size={15} />} onClick={() => setCreating(true)}>
            Create token
          </Button>
        </Can>
      }
      refused={!allowed && 'It needs the permission to read tokens.'}
      question={found}
      rows={found.data}
      columns={['Name', 'Type', 'Environment', 'Projects', 'Secret', 'Created', 'Last seen', 'Expires', 'more']}
      look="Name, environment or project"
      text={(each) => `${each.tokenName} ${each.environment} ${each.projects.join(' ')}`}
      empty="An application needs one to read flags."
      row={(token) => (
        <tr key={token.id}>
          <th scope="row">{token.tokenName}</th>
          <td>{token.type === 'client' ? 'backend' : token.type}</td>
          <td>{token.type === 'admin' ? <Chip>all</Chip> : <EnvChip name={token.environment} />}</td>
          <td>{token.projects.includes('*') ? 'all' : token.projects.join(', ')}</td>
          <td>
            <code>{token.secret}</code>
          </td>
          <td>
            <When at={token.createdAt} />
          </td>
          <td>{token.seenAt ? <When at={token.seenAt} /> : 'never'}</td>
          <td>
            <Expiry at={token.expiresAt} />
          </td>
          <td className={table.number}>
            <Can need={{ permission: deletes(token) }}>
              <Button
                size="compact-xs"
                color="red"
                aria-label={`Delete ${token.tokenName}`}
                onClick={() => setDeleting(token)}
              >
                Delete
              </Button>
            </Can>
          </td>
        </tr>
      )}
    >
      {creating && (
        <NewToken
          onMade={(token) => {
            setCreating(false);
            setMade(token);
          }}
          onClose={() => setCreating(false)}
        />
      )}
      {made && (
        <Secret title={`The secret of ${made.tokenName}`} secret={made.secret} onStored={() => setMade(null)}>
          Applications send it as the header Authorization.
        </Secret>
      )}
      {deleting && (
        <ConfirmChange
          title={`Delete ${deleting.tokenName}`}
          act="Delete token"
          typed={deleting.tokenName}
          slice="tokens"
          change={{
            run: () => deleteToken(deleting.id),
            done: `Deleted the token ${deleting.tokenName}.`,
            not: 'Not deleted',
          }}
          onClose={() => setDeleting(null)}
        >
          Applications that use it are refused from now on{deleting.seenAt ? '; it was used ' : '. It was never used.'}
          {deleting.seenAt && <When at={deleting.seenAt} />}
        </ConfirmChange>
      )}
    </ListPage>
  );
}

function deletes(token: Token): string {
  if (token.type === 'admin') return 'ADMIN';
  return token.type === 'frontend' ? 'DELETE_FRONTEND_API_TOKEN' : 'DELETE_CLIENT_API_TOKEN';
}
