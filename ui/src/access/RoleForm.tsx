import { Button, Checkbox, Modal, SegmentedControl } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '../session/permissions';
import { FormDialog } from '../shared/FormDialog';
import { MeanwhileNote, useMeanwhile } from '../shared/Meanwhile';
import { ErrorState, Waiting } from '../shared/states';
import { Words } from '../shared/Words';
import {
  createRole,
  type Permissions,
  permissionsQuery,
  type Role,
  roleQuery,
  updateRole,
  type WholeRole,
} from './api';
import { isOwn, keyOf, OWN, permissionOf, sectionsOf } from './model';
import styles from './Role.module.css';

interface Draft {
  name: string;
  description: string;
  type: string;
  /** As `keyOf` writes them, sorted. */
  permissions: string[];
}

const draftOf = (role: WholeRole): Draft => ({
  name: role.name,
  description: role.description,
  type: role.type,
  permissions: role.permissions.map(keyOf).sort(),
});
const NEW: Draft = { name: '', description: '', type: OWN.project, permissions: [] };

/** What a role allows: to be read, and to be changed where it is one's own. */
export function RoleForm({ role, onClose }: { role: Role | null; onClose: () => void }) {
  const found = useQuery({ ...roleQuery(role?.id ?? 0), enabled: role !== null });
  const all = useQuery(permissionsQuery);
  const error = found.error ?? all.error;
  if (all.data && (found.data || !role)) return <Form stored={found.data} all={all.data} onClose={onClose} />;
  return (
    <Modal opened onClose={onClose} title={role?.name ?? 'Create a role'} closeButtonProps={{ 'aria-label': 'Close' }}>
      {error ? <ErrorState error={error} retry={() => all.refetch()} /> : <Waiting />}
    </Modal>
  );
}

function Form({ stored, all, onClose }: { stored: WholeRole | undefined; all: Permissions; onClose: () => void }) {
  const may = useMay();
  const [known] = useState(stored);
  const [draft, setDraft] = useState(() => (stored ? draftOf(stored) : NEW));
  const meanwhile = useMeanwhile(stored ? draftOf(stored) : draft, draft);
  const set = (next: Partial<Draft>) => setDraft((old) => ({ ...old, ...next }));
  const name = draft.name.trim();
  const choices = <Choices all={all} draft={draft} had={known} onChange={(permissions) => set({ permissions })} />;
  if (known && (!isOwn(known.type) || !may({ permission: 'ADMIN' })))
    return (
      <Modal opened onClose={onClose} title={known.name} size="lg" closeButtonProps={{ 'aria-label': 'Close' }}>
        <p className="muted">{known.description}</p>
        {known.permissions.length > 0 ? (
          <ul>
            {known.permissions.map((each) => (
              <li key={keyOf(each)}>
                {each.displayName} {each.environment && `in ${each.environment}`}
              </li>
            ))}
          </ul>
        ) : (
          <p>It allows no change.</p>
        )}
        <div className="buttons">
          <Button onClick={onClose}>Close</Button>
        </div>
      </Modal>
    );
  return (
    <FormDialog<unknown>
      title={known ? `Change ${known.name}` : 'Create a role'}
      act={known ? 'Save role' : 'Create role'}
      size="lg"
      ready={name !== ''}
      keys={['roles', 'session']}
      done={`${known ? 'Saved' : 'Created'} the role ${name}.`}
      run={() => {
        const { type, description } = draft;
        const body = { name, description, type, permissions: draft.permissions.map(permissionOf) };
        return known ? updateRole(known.id, body) : createRole(body);
      }}
      onClose={onClose}
    >
      {(about) => (
        <>
          <MeanwhileNote of={meanwhile} type="role-updated" what="role" onTake={setDraft} />
          {!known && (
            <SegmentedControl
              fullWidth
              aria-label="Where it counts"
              data={[
                { value: OWN.project, label: 'In projects' },
                { value: OWN.server, label: 'On the whole server' },
              ]}
              value={draft.type}
              onChange={(type) => set({ type, permissions: [] })}
            />
          )}
          <Words draft={draft} about={about} set={set} />
          {choices}
        </>
      )}
    </FormDialog>
  );
}

function Choices({
  all,
  draft,
  had,
  onChange,
}: {
  all: Permissions;
  draft: Draft;
  had: WholeRole | undefined;
  onChange: (permissions: string[]) => void;
}) {
  const chosen = new Set(draft.permissions);
  const put = (keys: string[], on: boolean) => {
    const rest = draft.permissions.filter((each) => !keys.includes(each));
    onChange((on ? [...rest, ...keys] : rest).sort());
  };
  return sectionsOf(all, draft.type, had?.permissions).map(({ title, choices }) => {
    const keys = choices.map(({ key }) => key);
    const whole = keys.every((key) => chosen.has(key));
    return (
      <fieldset key={title} className={styles.section}>
        <legend>
          {title}{' '}
          <button type="button" className="link" onClick={() => put(keys, !whole)}>
            {whole ? 'None' : 'All'}
            <span className="hidden"> of it: {title}</span>
          </button>
        </legend>
        <div className={styles.choices}>
          {choices.map(({ key, name }) => (
            <Checkbox
              key={key}
              label={name}
              checked={chosen.has(key)}
              onChange={(event) => put([key], event.currentTarget.checked)}
            />
          ))}
        </div>
      </fieldset>
    );
  });
}
