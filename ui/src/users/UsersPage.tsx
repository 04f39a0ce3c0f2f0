import { Button, Menu } from '@mantine/core';
import { IconDots, IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { quoted } from '../eventlog/query';
import { meQuery } from '../session/api';
import { displayName } from '../session/model';
import { useMay } from '../session/permissions';
import { Actor } from '../shared/Actor';
import { ConfirmChange } from '../shared/ConfirmChange';
import { ListPage } from '../shared/ListPage';
import { Secret } from '../shared/Secret';
import table from '../shared/table.module.css';
import { When } from '../shared/When';
import { AccessRequests } from './AccessRequests';
import { deleteUser, makeLink, type Role, type User, usersQuery } from './api';
import { EditUser, NewUser, SetPassword } from './dialogs';

type Doing = 'edit' | 'password' | 'link' | 'delete';

/** Everybody who can log in: their roles, and when they were here. */
export function UsersPage() {
  const admin = useMay()({ permission: 'ADMIN' });
  const found = useQuery({ ...usersQuery, enabled: admin });
  const [creating, setCreating] = useState(false);
  const [doing, setDoing] = useState<{ what: Doing; user: User } | null>(null);
  const me = useQuery(meQuery).data?.user.id;
  const roles = found.data?.rootRoles ?? [];
  const [link, setLink] = useState<{ name: string; link: string } | null>(null);
  const close = () => setDoing(null);
  return (
    <ListPage
      title="Users"
      noun="user"
      actions={
        <Button variant="filled" leftSection={<IconPlus size={15} />} onClick={() => setCreating(true)}>
          Create user
        </Button>
      }
      before={admin && <AccessRequests roles={roles} />}
      refused={!admin && 'Only administrators see users. Ask one to change your role.'}
      question={found}
      rows={found.data?.users}
      columns={['Name', 'Logs in as', 'Role', 'Last seen', 'more']}
      look="Name, username or e-mail"
      text={(each) => `${each.name ?? ''} ${each.username ?? ''} ${each.email ?? ''}`}
      row={(user) => (
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
      )}
    >
      {creating && (
        <NewUser
          roles={roles}
          onMade={(name, link) => {
            setCreating(false);
            setLink({ name, link });
          }}
          onClose={() => setCreating(false)}
        />
      )}
      {link && (
        <Secret title={`The link for ${link.name}`} secret={link.link} onStored={() => setLink(null)}>
          Whoever has it can choose the password, once.
        </Secret>
      )}
      {doing?.what === 'link' && (
        <ConfirmChange
          title={`A link for ${displayName(doing.user)}`}
          act="Make link"
          slice="users"
          change={{
            run: async () => {
              const made = await makeLink(String(doing.user.id));
              setLink({ name: displayName(doing.user), link: made.data.resetPasswordUrl });
              return made;
            },
            done: 'Made a link to choose a password.',
            not: 'No link was made',
          }}
          onClose={close}
        >
          Whoever has it can choose the password, once and for a day. The old password works until then.
        </ConfirmChange>
      )}
      {doing?.what === 'edit' && <EditUser user={doing.user} roles={roles} onClose={close} />}
      {doing?.what === 'password' && <SetPassword user={doing.user} onClose={close} />}
      {doing?.what === 'delete' && (
        <ConfirmChange
          title={`Delete ${displayName(doing.user)}`}
          act="Delete user"
          typed={displayName(doing.user)}
          slice="users"
          change={{
            run: () => deleteUser(doing.user.id),
            done: `Deleted ${displayName(doing.user)}.`,
            not: 'Not deleted',
          }}
          onClose={close}
        >
          All sessions, personal access tokens and private searches go along. The event log keeps what was done.
        </ConfirmChange>
      )}
    </ListPage>
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
          <Menu.Item onClick={() => onDo('link')}>Make a link to choose one</Menu.Item>
          <Menu.Item color="red" disabled={self} onClick={() => onDo('delete')}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </>
  );
}
