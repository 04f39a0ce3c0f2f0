import { MultiSelect, Select, TagsInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { rolesQuery } from '../access/api';
import { displayName } from '../session/model';
import { FormDialog } from '../shared/FormDialog';
import { MeanwhileNote, useMeanwhile } from '../shared/Meanwhile';
import { Words } from '../shared/Words';
import { usersQuery } from '../users/api';
import { createGroup, type Group, groupsQuery, updateGroup } from './api';

interface Draft {
  name: string;
  description: string;
  /** Ids, as text: it is what a list of choices deals in. */
  rootRole: string;
  users: string[];
  mappingsSSO: string[];
}

const draftOf = (group?: Group): Draft => ({
  name: group?.name ?? '',
  description: group?.description ?? '',
  rootRole: String(group?.rootRole ?? ''),
  users: (group?.users ?? []).map(({ user }) => String(user.id)).sort(),
  mappingsSSO: group?.mappingsSSO ?? [],
});

/** What a group is called, who is in it, and what they may do. Saving replaces all of it. */
export function GroupForm({ id, onClose }: { id: number | null; onClose: () => void }) {
  const groups = useQuery(groupsQuery).data;
  const users = useQuery(usersQuery).data?.users ?? [];
  const roles = useQuery(rolesQuery).data?.filter((each) => each.type.startsWith('root')) ?? [];
  const stored = groups?.find((each) => each.id === id);
  const [known] = useState(stored);
  const [draft, setDraft] = useState(() => draftOf(stored));
  const meanwhile = useMeanwhile(id === null ? draft : stored && draftOf(stored), draft);
  const set = (next: Partial<Draft>) => setDraft((old) => ({ ...old, ...next }));
  const name = draft.name.trim();
  return (
    <FormDialog
      title={known ? `Change ${known.name}` : 'Create a group'}
      act={known ? 'Save group' : 'Create group'}
      ready={name !== ''}
      keys={['groups', 'session']}
      done={`${known ? 'Saved' : 'Created'} the group ${name}.`}
      run={() => {
        const body = {
          name,
          description: draft.description.trim() || null,
          rootRole: draft.rootRole ? Number(draft.rootRole) : null,
          users: draft.users.map((each) => ({ user: { id: Number(each) } })),
          mappingsSSO: draft.mappingsSSO,
        };
        return known ? updateGroup(known.id, body) : createGroup(body);
      }}
      onClose={onClose}
    >
      {(about) => (
        <>
          <MeanwhileNote of={meanwhile} type="group-updated" what="group" onTake={setDraft} />
          {known?.scimId && (
            <p className="hint">An identity provider keeps the name and the people: what it says next counts.</p>
          )}
          <Words draft={draft} about={about} set={set} />
          <MultiSelect
            label="People"
            searchable
            placeholder={draft.users.length ? '' : 'Nobody yet'}
            data={users.map((each) => ({ value: String(each.id), label: displayName(each) }))}
            value={draft.users}
            error={about('users')}
            onChange={(next) => set({ users: next.sort() })}
          />
          <Select
            label="Role on this server"
            description="Everybody in the group has it besides their own"
            clearable
            placeholder="None of its own"
            data={roles.map((each) => ({ value: String(each.id), label: each.name }))}
            value={draft.rootRole || null}
            error={about('rootRole')}
            onChange={(next) => set({ rootRole: next ?? '' })}
          />
          <TagsInput
            label="Groups of single sign-on"
            description="Who logs in with one of them is put into this group"
            value={draft.mappingsSSO}
            error={about('mappingsSSO')}
            onChange={(next) => set({ mappingsSSO: next })}
          />
        </>
      )}
    </FormDialog>
  );
}
