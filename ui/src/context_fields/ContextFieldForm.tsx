import { ActionIcon, Alert, Button, Checkbox, Select, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { ApiError } from '../api/errors';
import { queryClient } from '../api/query-client';
import { projectsQuery } from '../projects/api';
import { Can } from '../shared/Can';
import { reasons } from '../shared/FormDialog';
import { MeanwhileNote, useMeanwhile } from '../shared/Meanwhile';
import { toast } from '../shared/toasts';
import { type ContextField, createContextField, type LegalValue, updateContextField } from './api';
import styles from './ContextField.module.css';

const draftOf = (field?: ContextField) => ({
  description: field?.description ?? '',
  stickiness: field?.stickiness ?? false,
  legalValues: (field?.legalValues ?? []) as LegalValue[],
});

/** A context field as a form; a new one without `field`. */
export function ContextFieldForm({ field }: { field?: ContextField }) {
  const projects = useQuery({ ...projectsQuery, enabled: !field }).data ?? [];
  const [name, setName] = useState(field?.name ?? '');
  const [project, setProject] = useState('');
  const stored = draftOf(field);
  const [draft, setDraft] = useState(stored);
  const set = (part: Partial<typeof draft>) => setDraft((old) => ({ ...old, ...part }));
  const meanwhile = useMeanwhile(stored, draft);
  const { description, stickiness, legalValues: values } = draft;
  const navigate = useNavigate();
  const saving = useMutation({
    mutationFn: async () => {
      const legalValues = values.map((each) => ({ ...each, value: each.value.trim() }));
      const rest = { description: description.trim() || null, stickiness, legalValues };
      if (field) await updateContextField(field.name, rest);
      else await createContextField({ name: name.trim(), ...rest, ...(project ? { project } : {}) });
    },
    onSuccess: async () => {
      await Promise.all(['context-fields', 'log'].map((key) => queryClient.invalidateQueries({ queryKey: [key] })));
      toast(`${field ? 'Saved' : 'Created'} ${name.trim()}.`);
      if (!field) navigate({ to: '/context' });
    },
  });
  const about = (path: string) => (saving.error instanceof ApiError ? saving.error.about(path) : undefined);
  const ready = name.trim() !== '' && values.every((each) => each.value.trim());
  return (
    <form
      className={styles.form}
      aria-label="Context field"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) saving.mutate();
      }}
    >
      {field && !saving.isPending && (
        <MeanwhileNote of={meanwhile} type="context-field-updated" what="context field" onTake={setDraft} />
      )}
      {!field && (
        <TextInput
          label="Name"
          description="As applications send it. It cannot be changed later."
          value={name}
          error={about('name')}
          onChange={(event) => setName(event.currentTarget.value)}
          autoComplete="off"
          spellCheck={false}
        />
      )}
      <Textarea
        label="Description"
        autosize
        minRows={2}
        value={description}
        error={about('description')}
        onChange={(event) => set({ description: event.currentTarget.value })}
      />
      {!field && (
        <Select
          label="For conditions of"
          allowDeselect={false}
          data={[
            { value: '', label: 'All projects' },
            ...projects.map((each) => ({ value: each.id, label: each.name })),
          ]}
          value={project}
          error={about('project')}
          onChange={(next) => setProject(next ?? '')}
        />
      )}
      <Checkbox
        label="Sticky: rollouts may keep answers by it"
        checked={stickiness}
        onChange={(event) => set({ stickiness: event.currentTarget.checked })}
      />
      <LegalValues value={values} onChange={(legalValues) => set({ legalValues })} />
      {saving.isError && (
        <Alert color="red" variant="light" role="alert" title="Not saved">
          {reasons(saving.error)}
        </Alert>
      )}
      <div>
        <Can need={{ permission: field ? 'UPDATE_CONTEXT_FIELD' : 'CREATE_CONTEXT_FIELD', project: field?.project }}>
          <Button type="submit" variant="filled" loading={saving.isPending} disabled={!ready}>
            {field ? 'Save context field' : 'Create context field'}
          </Button>
        </Can>
      </div>
    </form>
  );
}

function LegalValues({ value, onChange }: { value: LegalValue[]; onChange: (value: LegalValue[]) => void }) {
  const put = (at: number, part: Partial<LegalValue>) =>
    onChange(value.map((each, index) => (index === at ? { ...each, ...part } : each)));
  return (
    <fieldset className={styles.values}>
      <legend>Legal values</legend>
      {value.length === 0 && <p className="muted">Without any, every value may be asked for.</p>}
      {value.map((each, at) => (
        <div key={at} className={styles.value} role="group" aria-label={`Legal value ${at + 1}`}>
          <TextInput
            aria-label={`Legal value ${at + 1}`}
            placeholder="Value"
            value={each.value}
            onChange={(event) => put(at, { value: event.currentTarget.value })}
          />
          <TextInput
            aria-label={`Description of legal value ${at + 1}`}
            placeholder="What it means"
            value={each.description ?? ''}
            onChange={(event) => put(at, { description: event.currentTarget.value })}
          />
          <ActionIcon
            aria-label={`Remove legal value ${at + 1}`}
            onClick={() => onChange(value.filter((_, index) => index !== at))}
          >
            <IconTrash size={15} />
          </ActionIcon>
        </div>
      ))}
      <div>
        <Button leftSection={<IconPlus size={14} />} onClick={() => onChange([...value, { value: '' }])}>
          Legal value
        </Button>
      </div>
    </fieldset>
  );
}
