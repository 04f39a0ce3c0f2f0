import { Button, Modal, Select, Switch, Textarea } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { MeanwhileNote, useMeanwhile } from '../shared/Meanwhile';
import { useChange } from '../shared/useChange';
import { type Flag, flagTypesQuery, updateFlag } from './api';
import styles from './CreateFlag.module.css';

/** What is said of a flag; its name stays. */
export function EditFlag({ flag, onClose }: { flag: Flag; onClose: () => void }) {
  const types = useQuery(flagTypesQuery).data ?? [];
  const change = useChange('flags');
  const stored = { description: flag.description, type: flag.type, impressionData: flag.impressionData };
  const [draft, setDraft] = useState(stored);
  const set = (part: Partial<typeof stored>) => setDraft((old) => ({ ...old, ...part }));
  const meanwhile = useMeanwhile(stored, draft);
  return (
    <Modal opened onClose={onClose} title={`Edit ${flag.name}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        className={styles.form}
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate(
            {
              run: () => updateFlag(flag.project, flag.name, draft),
              done: `Saved ${flag.name}.`,
              not: 'Not saved',
              undo: () => updateFlag(flag.project, flag.name, meanwhile.base),
            },
            { onSuccess: onClose },
          );
        }}
      >
        {change.isIdle && (
          <MeanwhileNote of={meanwhile} type="feature-metadata-updated" what="flag" onTake={setDraft} />
        )}
        <Textarea
          label="Description"
          autosize
          minRows={2}
          value={draft.description ?? ''}
          onChange={(event) => set({ description: event.currentTarget.value || null })}
          data-autofocus
        />
        <Select
          label="Type"
          allowDeselect={false}
          data={types.map((each) => ({ value: each.id, label: each.name }))}
          value={draft.type}
          onChange={(type) => type && set({ type })}
        />
        <Switch
          label="Impression data"
          checked={draft.impressionData}
          onChange={(event) => set({ impressionData: event.currentTarget.checked })}
        />
        <div className="buttons">
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled" loading={change.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Modal>
  );
}
