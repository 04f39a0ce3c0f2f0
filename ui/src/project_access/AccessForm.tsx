import { MultiSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { Role } from '../access/api';
import { groupsQuery } from '../groups/api';
import { displayName } from '../session/model';
import { useMay } from '../session/permissions';
import { FormDialog } from '../shared/FormDialog';
import { MeanwhileNote, useMeanwhile } from '../shared/Meanwhile';
import { addAccess, type Holder, type ProjectAccess, peopleQuery, setRoles } from './api';
import { choiceOf, holdersOf, idsOf } from './model';

/** Gives people and groups roles in a project, or says which ones somebody has. */
export function AccessForm({
  projectId,
  roles,
  holder,
  known,
  onClose,
}: {
  projectId: string;
  roles: Role[];
  /** Whose roles are changed; null: some are given to others. */
  holder: Holder | null;
  known: ProjectAccess | undefined;
  onClose: () => void;
}) {
  const [draft, setDraft] = useState({ roles: holder?.roles ?? [] });
  const [who, setWho] = useState<string[]>([]);
  const now = holder && known && holdersOf(known).find(({ kind, id }) => kind === holder.kind && id === holder.id);
  const meanwhile = useMeanwhile(holder ? (now ? { roles: now.roles } : undefined) : draft, draft);
  const names = draft.roles.map((id) => roles.find((each) => each.id === id)?.name ?? '').join(', ');
  return (
    <FormDialog<unknown>
      title={holder ? `Roles of ${holder.name} in ${projectId}` : `Give access to ${projectId}`}
      act={holder ? 'Save roles' : 'Give access'}
      ready={draft.roles.length > 0 && (holder !== null || who.length > 0)}
      keys={['project-access', 'session']}
      done={holder ? `${holder.name} is ${names} in ${projectId}.` : `Gave access to ${projectId}.`}
      run={() =>
        holder
          ? setRoles(projectId, holder.kind, holder.id, draft.roles)
          : addAccess(projectId, { roles: draft.roles, users: idsOf(who, 'user'), groups: idsOf(who, 'group') })
      }
      onClose={onClose}
    >
      {(about) => (
        <>
          <MeanwhileNote of={meanwhile} type="project-access-updated" what="access" onTake={setDraft} />
          {!holder && <Who value={who} error={about('users') ?? about('groups')} onChange={setWho} />}
          <MultiSelect
            label="Roles"
            searchable
            description={draft.roles.map((id) => roles.find((each) => each.id === id)?.description).join(' ')}
            data={roles.map((each) => ({ value: String(each.id), label: each.name }))}
            value={draft.roles.map(String)}
            error={about('roles')}
            onChange={(next) => setDraft({ roles: next.map(Number) })}
          />
        </>
      )}
    </FormDialog>
  );
}

function Who({
  value,
  error,
  onChange,
}: {
  value: string[];
  error: string | undefined;
  onChange: (who: string[]) => void;
}) {
  const people = useQuery(peopleQuery).data ?? [];
  // Only administrators are told which groups there are.
  const admin = useMay()({ permission: 'ADMIN' });
  const groups = useQuery({ ...groupsQuery, enabled: admin }).data ?? [];
  return (
    <MultiSelect
      label={admin ? 'People and groups' : 'People'}
      searchable
      data={[
        { group: 'Groups', items: groups.map((each) => ({ value: choiceOf('group', each.id), label: each.name })) },
        {
          group: 'People',
          items: people.map((each) => ({
            value: choiceOf('user', each.id),
            label: displayName({
              ...each,
              name: each.name ?? '',
              username: each.username ?? '',
              email: each.email ?? '',
            }),
          })),
        },
      ].filter((each) => each.items.length > 0)}
      value={value}
      error={error}
      onChange={onChange}
      data-autofocus
    />
  );
}
