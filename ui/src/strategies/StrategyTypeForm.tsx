import { ActionIcon, Button, Checkbox, Select, Textarea, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { FormDialog } from '../shared/FormDialog';
import { createStrategyType, type StrategyParameter, type StrategyType, updateStrategyType } from './api';
import styles from './StrategyTypeForm.module.css';

const KINDS: { value: StrategyParameter['type']; label: string }[] = [
  { value: 'string', label: 'Text' },
  { value: 'percentage', label: 'Percentage' },
  { value: 'list', label: 'List' },
  { value: 'number', label: 'Number' },
  { value: 'boolean', label: 'Yes or no' },
];

export function StrategyTypeForm({ type, onClose }: { type: StrategyType | null; onClose: () => void }) {
  const [name, setName] = useState(type?.name ?? '');
  const [title, setTitle] = useState(type?.title ?? '');
  const [description, setDescription] = useState(type?.description ?? '');
  const [parameters, setParameters] = useState<StrategyParameter[]>(
    () => (type?.parameters ?? []) as StrategyParameter[],
  );
  const body = {
    title: title.trim() || null,
    description: description.trim() || null,
    parameters: parameters.map((each) => ({ ...each, name: each.name.trim() })),
  };
  return (
    <FormDialog<unknown>
      title={type ? `Change ${type.name}` : 'Create a strategy type'}
      act={type ? 'Save strategy type' : 'Create strategy type'}
      ready={name.trim() !== '' && parameters.every((each) => each.name.trim())}
      keys={['strategies']}
      done={`${type ? 'Saved' : 'Created'} the strategy type ${name.trim()}.`}
      run={() => (type ? updateStrategyType(type.name, body) : createStrategyType({ name: name.trim(), ...body }))}
      onClose={onClose}
    >
      {(about) => (
        <>
          {!type && (
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
            value={title}
            error={about('title')}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
          <Textarea
            label="Description"
            autosize
            minRows={2}
            value={description}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
          <Parameters value={parameters} onChange={setParameters} />
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
