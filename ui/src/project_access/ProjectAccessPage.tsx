import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useMay } from '../session/permissions';
import { Actor } from '../shared/Actor';
import { Can } from '../shared/Can';
import { Chip } from '../shared/Chip';
import { ConfirmChange } from '../shared/ConfirmChange';
import { ListPage } from '../shared/ListPage';
import table from '../shared/table.module.css';
import { AccessForm } from './AccessForm';
import { accessQuery, type Holder, setRoles } from './api';
import { holdersOf } from './model';

const SEES = ['PROJECT_USER_ACCESS_READ', 'PROJECT_USER_ACCESS_WRITE', 'UPDATE_PROJECT'];

/** Who has which role in a project. */
export function ProjectAccessPage() {
  const { projectId } = useParams({ from: '/shell/projects/$projectId/settings/access' });
  const may = useMay();
  const allowed = SEES.some((permission) => may({ permission, project: projectId }));
  const found = useQuery({ ...accessQuery(projectId), enabled: allowed });
  const [adding, setAdding] = useState<Holder | 'new' | null>(null);
  const [removing, setRemoving] = useState<Holder | null>(null);
  const roles = found.data?.roles ?? [];
  const writes = may({ permission: 'UPDATE_PROJECT', project: projectId });
  const need = { permission: writes ? 'UPDATE_PROJECT' : 'PROJECT_USER_ACCESS_WRITE', project: projectId };
  return (
    <ListPage
      title={`Access to ${projectId}`}
      above={
        <Link to="/projects/$projectId" params={{ projectId }}>
          {projectId}
        </Link>
      }
      noun="person or group"
      nouns="people and groups"
      below="Roles here count in this project, besides what somebody may on the whole server."
      actions={
        <Can need={need}>
          <Button variant="filled" leftSection={<IconPlus size={15} />} onClick={() => setAdding('new')}>
            Give access
          </Button>
        </Can>
      }
      refused={!allowed && 'It needs the permission to read who has access to this project.'}
      question={found}
      rows={found.data && holdersOf(found.data)}
      columns={['Name', 'Roles', 'more']}
      text={(each) => `${each.name} ${each.about}`}
      empty="Only those may change it who may on the whole server."
      row={(holder) => (
        <tr key={`${holder.kind} ${holder.id}`}>
          <th scope="row">
            <Actor name={holder.name} /> {holder.kind === 'group' && <Chip>group</Chip>}
            {holder.about && <div className="hint">{holder.about}</div>}
          </th>
          <td>{holder.roles.map((id) => roles.find((each) => each.id === id)?.name ?? `role ${id}`).join(', ')}</td>
          <td className={table.number}>
            <Can need={need}>
              <Button size="compact-xs" aria-label={`Change ${holder.name}`} onClick={() => setAdding(holder)}>
                Change
              </Button>
            </Can>{' '}
            <Can need={need}>
              <Button
                size="compact-xs"
                color="red"
                aria-label={`Remove ${holder.name}`}
                onClick={() => setRemoving(holder)}
              >
                Remove
              </Button>
            </Can>
          </td>
        </tr>
      )}
    >
      {adding && (
        <AccessForm
          projectId={projectId}
          roles={roles}
          holder={adding === 'new' ? null : adding}
          known={found.data}
          onClose={() => setAdding(null)}
        />
      )}
      {removing && (
        <ConfirmChange
          title={`Remove ${removing.name} from ${projectId}`}
          act="Remove"
          typed={removing.name}
          slice="project-access"
          change={{
            run: () => setRoles(projectId, removing.kind, removing.id, []),
            done: `${removing.name} has no role in ${projectId} any more.`,
            not: 'Not removed',
            undo: () => setRoles(projectId, removing.kind, removing.id, removing.roles),
          }}
          onClose={() => setRemoving(null)}
        >
          What {removing.kind === 'group' ? 'its people' : 'they'} may on the whole server stays.
        </ConfirmChange>
      )}
    </ListPage>
  );
}
