import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { rolesQuery } from '../access/api';
import { displayName } from '../session/model';
import { useMay } from '../session/permissions';
import { Chip } from '../shared/Chip';
import { ConfirmChange } from '../shared/ConfirmChange';
import { ListPage } from '../shared/ListPage';
import table from '../shared/table.module.css';
import { several } from '../shared/time';
import { deleteGroup, type Group, groupsQuery } from './api';
import { GroupForm } from './GroupForm';

/** People who are given roles together. */
export function GroupsPage() {
  const admin = useMay()({ permission: 'ADMIN' });
  const found = useQuery({ ...groupsQuery, enabled: admin });
  const roles = useQuery(rolesQuery).data ?? [];
  const [editing, setEditing] = useState<number | 'new' | null>(null);
  const [deleting, setDeleting] = useState<Group | null>(null);
  const roleName = (id: number | null) => roles.find((each) => each.id === id)?.name;
  return (
    <ListPage
      title="Groups"
      noun="group"
      below="A group's role on this server, and its roles in projects, are those of everybody in it."
      actions={
        <Button variant="filled" leftSection={<IconPlus size={15} />} onClick={() => setEditing('new')}>
          Create group
        </Button>
      }
      refused={!admin && 'Only administrators see groups. Ask one to change your role.'}
      question={found}
      rows={found.data}
      columns={['Name', 'People', 'Role', 'Projects', 'more']}
      look="Name, description or who is in it"
      text={(each) => `${each.name} ${each.description ?? ''} ${peopleOf(each).join(' ')}`}
      empty="Create one for each team, and give it roles in place of each person."
      row={(group) => (
        <tr key={group.id}>
          <th scope="row">
            {group.name} {group.scimId && <Chip title="An identity provider keeps it">provisioned</Chip>}
            {group.description && <div className="hint">{group.description}</div>}
          </th>
          <td title={peopleOf(group).join(', ')}>{brief(peopleOf(group))}</td>
          <td>{roleName(group.rootRole) ?? 'none of its own'}</td>
          <td>{group.projects.length ? brief(group.projects) : 'none'}</td>
          <td className={table.number}>
            <Button size="compact-xs" aria-label={`Change ${group.name}`} onClick={() => setEditing(group.id)}>
              Change
            </Button>{' '}
            <Button
              size="compact-xs"
              color="red"
              aria-label={`Delete ${group.name}`}
              onClick={() => setDeleting(group)}
            >
              Delete
            </Button>
          </td>
        </tr>
      )}
    >
      {editing && <GroupForm id={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
      {deleting && (
        <ConfirmChange
          title={`Delete the group ${deleting.name}`}
          act="Delete group"
          typed={deleting.name}
          slice="groups"
          change={{
            run: () => deleteGroup(deleting.id),
            done: `Deleted the group ${deleting.name}.`,
            not: 'Not deleted',
          }}
          onClose={() => setDeleting(null)}
        >
          {several(deleting.userCount, 'person', 'people')} may no longer do what they may by this group alone
          {deleting.projects.length > 0 && `, also in ${brief(deleting.projects)}`}.
        </ConfirmChange>
      )}
    </ListPage>
  );
}

const peopleOf = (group: Group): string[] => group.users.map(({ user }) => displayName(user));

const MOST = 3;
/** The first names of a list, and how many more there are. */
function brief(names: string[]): string {
  const shown = names.slice(0, MOST).join(', ');
  return names.length > MOST ? `${shown} and ${names.length - MOST} more` : shown;
}
