import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Can } from '../shared/Can';
import { Chip } from '../shared/Chip';
import { ConfirmChange } from '../shared/ConfirmChange';
import { ListPage } from '../shared/ListPage';
import table from '../shared/table.module.css';
import { deleteRole, type Role, rolesQuery } from './api';
import { isOwn, placeOf } from './model';
import { RoleForm } from './RoleForm';

/** What people can be allowed to do, under one name. */
export function RolesPage() {
  const found = useQuery(rolesQuery);
  const [editing, setEditing] = useState<Role | 'new' | null>(null);
  const [deleting, setDeleting] = useState<Role | null>(null);
  const need = { permission: 'ADMIN' };
  return (
    <ListPage
      title="Roles"
      noun="role"
      below="A role names what its holders may do. Changing it counts at once for everybody who has it."
      actions={
        <Can need={need}>
          <Button variant="filled" leftSection={<IconPlus size={15} />} onClick={() => setEditing('new')}>
            Create role
          </Button>
        </Can>
      }
      question={found}
      rows={found.data}
      columns={['Name', 'Description', 'Counts in', 'more']}
      text={(each) => `${each.name} ${each.description ?? ''}`}
      row={(role) => (
        <tr key={role.id}>
          <th scope="row">
            {role.name} {!isOwn(role.type) && <Chip>built in</Chip>}
          </th>
          <td>{role.description}</td>
          <td>{placeOf(role.type)}</td>
          <td className={table.number}>
            <Button
              size="compact-xs"
              aria-label={`${isOwn(role.type) ? 'Change' : 'Look'}: ${role.name}`}
              onClick={() => setEditing(role)}
            >
              {isOwn(role.type) ? 'Change' : 'Look'}
            </Button>{' '}
            {isOwn(role.type) && (
              <Can need={need}>
                <Button
                  size="compact-xs"
                  color="red"
                  aria-label={`Delete ${role.name}`}
                  onClick={() => setDeleting(role)}
                >
                  Delete
                </Button>
              </Can>
            )}
          </td>
        </tr>
      )}
    >
      {editing && <RoleForm role={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
      {deleting && (
        <ConfirmChange
          title={`Delete the role ${deleting.name}`}
          act="Delete role"
          typed={deleting.name}
          slice="roles"
          change={{
            run: () => deleteRole(deleting.id),
            done: `Deleted the role ${deleting.name}.`,
            not: 'Not deleted',
          }}
          onClose={() => setDeleting(null)}
        >
          The server refuses this while somebody has it.
        </ConfirmChange>
      )}
    </ListPage>
  );
}
