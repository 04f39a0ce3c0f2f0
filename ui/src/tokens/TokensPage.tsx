import { Button, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '../session/permissions';
import { Can } from '../shared/Can';
import { Chip, EnvChip } from '../shared/Chip';
import { Confirm } from '../shared/Confirm';
import { Page } from '../shared/Page';
import { Secret } from '../shared/Secret';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import table from '../shared/table.module.css';
import { several } from '../shared/time';
import { useChange } from '../shared/useChange';
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
  const [words, setWords] = useState('');
  const [creating, setCreating] = useState(false);
  const [made, setMade] = useState<Token | null>(null);
  const [deleting, setDeleting] = useState<Token | null>(null);
  const change = useChange('tokens');
  if (!allowed)
    return (
      <Page title="API tokens">
        <EmptyState title="You may not see API tokens">It needs the permission to read tokens.</EmptyState>
      </Page>
    );
  if (!found.data && found.isError) return <ErrorState error={found.error} retry={() => found.refetch()} />;
  const tokens = found.data?.filter((each) =>
    `${each.tokenName} ${each.environment} ${each.projects.join(' ')}`.toLowerCase().includes(words.toLowerCase()),
  );
  const creatable = may({ permission: 'CREATE_CLIENT_API_TOKEN' })
    ? 'CREATE_CLIENT_API_TOKEN'
    : 'CREATE_FRONTEND_API_TOKEN';
  return (
    <Page
      title="API tokens"
      count={found.data && several(found.data.length, 'token')}
      below="Applications read flags with them. A secret is shown once, when its token is made."
      actions={
        <Can need={{ permission: creatable }}>
          <Button variant="filled" leftSection={<IconPlus size={15} />} onClick={() => setCreating(true)}>
            Create token
          </Button>
        </Can>
      }
    >
      <TextInput
        aria-label="Filter tokens"
        placeholder="Name, environment or project"
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        maw={320}
        mb="md"
      />
      {!tokens ? (
        <Waiting />
      ) : tokens.length === 0 ? (
        <EmptyState title={words ? 'No token matches' : 'There is no token yet'}>
          {words ? '' : 'An application needs one to read flags.'}
        </EmptyState>
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Type</th>
                <th scope="col">Environment</th>
                <th scope="col">Projects</th>
                <th scope="col">Secret</th>
                <th scope="col">Created</th>
                <th scope="col">Last seen</th>
                <th scope="col">Expires</th>
                <th scope="col">
                  <span className="hidden">More</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {tokens.map((token) => (
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
              ))}
            </tbody>
          </table>
        </div>
      )}
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
        <Confirm
          opened
          title={`Delete ${deleting.tokenName}`}
          act="Delete token"
          typed={deleting.tokenName}
          busy={change.isPending}
          onClose={() => setDeleting(null)}
          onConfirm={() =>
            change.mutate(
              {
                run: () => deleteToken(deleting.id),
                done: `Deleted the token ${deleting.tokenName}.`,
                not: 'Not deleted',
              },
              { onSuccess: () => setDeleting(null) },
            )
          }
        >
          Applications that use it are refused from now on{deleting.seenAt ? '; it was used ' : '. It was never used.'}
          {deleting.seenAt && <When at={deleting.seenAt} />}
        </Confirm>
      )}
    </Page>
  );
}

function deletes(token: Token): string {
  if (token.type === 'admin') return 'ADMIN';
  return token.type === 'frontend' ? 'DELETE_FRONTEND_API_TOKEN' : 'DELETE_CLIENT_API_TOKEN';
}
