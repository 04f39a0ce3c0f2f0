import { ActionIcon, Button, Checkbox, Select, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { strategyTypesQuery } from '../flags/api';
import { FormDialog } from '../shared/FormDialog';
import { MeanwhileNote, useMeanwhile } from '../shared/Meanwhile';
import { createStrategyType, type StrategyParameter, type StrategyType, updateStrategyType } from './api';
import styles from './StrategyTypeForm.module.css';

const KINDS: { value: StrategyParameter['type']; label: string }[] = [
  { value: 'string', label: 'Text' },
  { value: 'percentage', label: 'Percentage' },
  { value: 'list', label: 'List' },
  { value: 'number', label: 'Number' },
  { value: 'boolean', label: 'Yes or no' },
];

interface Draft {
  title: string;
  description: string;
  parameters: StrategyParameter[];
}

const draftOf = (type?: StrategyType): Draft => ({
  title: type?.title ?? '',
  description: type?.description ?? '',
  parameters: (type?.parameters ?? []) as StrategyParameter[],
});

export function StrategyTypeForm({ known, onClose }: { known: StrategyType | null; onClose: () => void }) {
  const stored = useQuery(strategyTypesQuery).data?.find((each) => each.name === known?.name);
  const [name, setName] = useState(known?.name ?? '');
  const [draft, setDraft] = useState(() => draftOf(known ?? undefined));
  const meanwhile = useMeanwhile(known ? stored && draftOf(stored) : draft, draft);
  const set = (next: Partial<Draft>) => setDraft((old) => ({ ...old, ...next }));
  const body = {
    title: draft.title.trim() || null,
    description: draft.description.trim() || null,
    parameters: draft.parameters.map((each) => ({ ...each, name: each.name.trim() })),
  };
  return (
    <FormDialog<unknown>
      title={known ? `Change ${known.name}` : 'Create a strategy type'}
      act={known ? 'Save strategy type' : 'Create strategy type'}
      ready={name.trim() !== '' && draft.parameters.every((each) => each.name.trim())}
      keys={['strategies']}
      done={`${known ? 'Saved' : 'Created'} the strategy type ${name.trim()}.`}
      run={() => (known ? updateStrategyType(known.name, body) : createStrategyType({ name: name.trim(), ...body }))}
      onClose={onClose}
    >
      {(about) => (
        <>
          <MeanwhileNote of={meanwhile} type="strategy-updated" what="strategy type" onTake={setDraft} />
          {!known && (
            <TextInput
              label="Name"
              description="As the application registers it. It cannot be changed later."
              value={name}
              error={about('name')}
              onChange={(event) => setName(event.currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
              data-autofocus
            />
          )}
          <TextInput
            label="Title"
            value={draft.title}
            error={about('title')}
            onChange={(event) => set({ title: event.currentTarget.value })}
          />
          <Textarea
            label="Description"
            autosize
            minRows={2}
            value={draft.description}
            onChange={(event) => set({ description: event.currentTarget.value })}
          />
          <Parameters value={draft.parameters} onChange={(parameters) => set({ parameters })} />
        </>
      )}
    </FormDialog>
  );
}

function Parameters({
  value,
  onChange,
}: {
  value: StrategyParameter[];
  onChange: (value: StrategyParameter[]) => void;
}) {
  const put = (at: number, part: Partial<StrategyParameter>) =>
    onChange(value.map((each, index) => (index === at ? { ...each, ...part } : each)));
  return (
    <fieldset className={styles.parameters}>
      <legend>Parameters</legend>
      {value.map((each, at) => (
        <div key={at} className={styles.parameter} role="group" aria-label={`Parameter ${at + 1}`}>
          <TextInput
            aria-label={`Name of parameter ${at + 1}`}
            placeholder="Name"
            value={each.name}
            onChange={(event) => put(at, { name: event.currentTarget.value })}
          />
          <Select
            aria-label={`Type of parameter ${at + 1}`}
            allowDeselect={false}
            data={KINDS}
            value={each.type}
            onChange={(next) => next && put(at, { type: next as StrategyParameter['type'] })}
          />
          <ActionIcon
            aria-label={`Remove parameter ${at + 1}`}
            onClick={() => onChange(value.filter((_, index) => index !== at))}
          >
            <IconTrash size={15} />
          </ActionIcon>
          <TextInput
            aria-label={`Description of parameter ${at + 1}`}
            placeholder="Description"
            value={each.description ?? ''}
            onChange={(event) => put(at, { description: event.currentTarget.value })}
          />
          <Checkbox
            label="Required"
            checked={each.required ?? false}
            onChange={(event) => put(at, { required: event.currentTarget.checked })}
          />
        </div>
      ))}
      <div>
        <Button
          leftSection={<IconPlus size={14} />}
          onClick={() => onChange([...value, { name: '', type: 'string', description: '', required: false }])}
        >
          Parameter
        </Button>
      </div>
    </fieldset>
  );
}
