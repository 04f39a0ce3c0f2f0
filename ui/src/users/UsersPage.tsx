import { Button, Menu, TextInput } from '@mantine/core';
import { IconDots, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { quoted } from '../eventlog/query';
import { meQuery } from '../session/api';
import { displayName } from '../session/model';
import { useMay } from '../session/permissions';
import { Actor } from '../shared/Actor';
import { Confirm } from '../shared/Confirm';
import { Page } from '../shared/Page';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import table from '../shared/table.module.css';
import { several } from '../shared/time';
import { useChange } from '../shared/useChange';
import { When } from '../shared/When';
import { deleteUser, type Role, type User, usersQuery } from './api';
import { EditUser, NewUser, SetPassword } from './dialogs';

type Doing = 'edit' | 'password' | 'delete';

/** Everybody who can log in: their roles, and when they were here. */
export function UsersPage() {
  const admin = useMay()({ permission: 'ADMIN' });
  const found = useQuery({ ...usersQuery, enabled: admin });
  const [words, setWords] = useState('');
  const [creating, setCreating] = useState(false);
  const [doing, setDoing] = useState<{ what: Doing; user: User } | null>(null);
  const change = useChange('users');
  const me = useQuery(meQuery).data?.user.id;
  if (!admin)
    return (
      <Page title="Users">
        <EmptyState title="Only administrators see users">Ask one to change your role.</EmptyState>
      </Page>
    );
  if (!found.data && found.isError) return <ErrorState error={found.error} retry={() => found.refetch()} />;
  const roles = found.data?.rootRoles ?? [];
  const users = found.data?.users.filter((each) =>
    `${each.name ?? ''} ${each.username ?? ''} ${each.email ?? ''}`.toLowerCase().includes(words.toLowerCase()),
  );
  const close = () => setDoing(null);
  return (
    <Page
      title="Users"
      count={found.data && several(found.data.users.length, 'user')}
      actions={
        <Button variant="filled" leftSection={<IconPlus size={15} />} onClick={() => setCreating(true)}>
          Create user
        </Button>
      }
    >
      <TextInput
        aria-label="Filter users"
        placeholder="Name, username or e-mail"
        value={words}
        onChange={(event) => setWords(event.currentTarget.value)}
        maw={320}
        mb="md"
      />
      {!users ? (
        <Waiting />
      ) : users.length === 0 ? (
        <EmptyState title={`Nobody is called "${words}"`} />
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Logs in as</th>
                <th scope="col">Role</th>
                <th scope="col">Last seen</th>
                <th scope="col">
                  <span className="hidden">More</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {users.map((user) => (
                <tr key={user.id}>
                  <th scope="row">
                    <Actor name={displayName(user)} />
                  </th>
                  <td>{[user.username, user.email].filter(Boolean).join(', ')}</td>
                  <td>{roleName(roles, user.rootRole)}</td>
                  <td>{user.seenAt ? <When at={user.seenAt} /> : 'never'}</td>
                  <td className={table.number}>
                    <More user={user} self={user.id === me} onDo={(what) => setDoing({ what, user })} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {creating && <NewUser roles={roles} onClose={() => setCreating(false)} />}
      {doing?.what === 'edit' && <EditUser user={doing.user} roles={roles} onClose={close} />}
      {doing?.what === 'password' && <SetPassword user={doing.user} onClose={close} />}
      {doing?.what === 'delete' && (
        <Confirm
          opened
          title={`Delete ${displayName(doing.user)}`}
          act="Delete user"
          typed={displayName(doing.user)}
          busy={change.isPending}
          onClose={close}
          onConfirm={() =>
            change.mutate(
              {
                run: () => deleteUser(doing.user.id),
                done: `Deleted ${displayName(doing.user)}.`,
                not: 'Not deleted',
              },
              { onSuccess: close },
            )
          }
        >
          All sessions, personal access tokens and private searches go along. The event log keeps what was done.
        </Confirm>
      )}
    </Page>
  );
}

const roleName = (roles: Role[], id: number | undefined) => roles.find((each) => each.id === id)?.name ?? '';

function More({ user, self, onDo }: { user: User; self: boolean; onDo: (what: Doing) => void }) {
  const name = displayName(user);
  const query = `by:${quoted(user.username || user.email || name)}`;
  return (
    <>
      <Link to="/history" search={{ q: query }} className="link">
        History
      </Link>{' '}
      <Menu>
        <Menu.Target>
          <Button size="compact-xs" variant="subtle" color="gray" aria-label={`More for ${name}`}>
            <IconDots size={15} />
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => onDo('edit')}>Change name, e-mail or role</Menu.Item>
          <Menu.Item onClick={() => onDo('password')}>Set a new password</Menu.Item>
          <Menu.Item color="red" disabled={self} onClick={() => onDo('delete')}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
