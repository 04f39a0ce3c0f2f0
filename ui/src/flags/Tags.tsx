import { ActionIcon, Button, Modal, Select, TextInput } from '@mantine/core';
import { IconPlus, IconTag, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Can } from '../shared/Can';
import { useChange } from '../shared/useChange';
import { type Flag, tagFlags, tagTypesQuery } from './api';
import styles from './Tags.module.css';

/** The tags of a flag. */
export function Tags({ flag }: { flag: Flag }) {
  const change = useChange('flags');
  const [adding, setAdding] = useState(false);
  const need = { permission: 'UPDATE_FEATURE', project: flag.project };
  const set = (added: Flag['tags'], removed: Flag['tags']) => () => tagFlags(flag.project, [flag.name], added, removed);
  return (
    <>
      {flag.tags.map((tag) => {
        const bare = [{ type: tag.type, value: tag.value }];
        const name = `${tag.type}:${tag.value}`;
        return (
          <span key={name} className={styles.tag}>
            <IconTag size={12} aria-hidden />
            {name}
            <Can need={need}>
              <ActionIcon
                size={16}
                aria-label={`Remove the tag ${name}`}
                onClick={() =>
                  change.mutate({
                    run: set([], bare),
                    done: `Removed ${name}.`,
                    not: 'Not removed',
                    undo: set(bare, []),
                  })
                }
              >
                <IconX size={11} />
              </ActionIcon>
            </Can>
          </span>
        );
      })}
      <Can need={need}>
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          leftSection={<IconPlus size={12} />}
          onClick={() => setAdding(true)}
        >
          Tag
        </Button>
      </Can>
      {adding && <AddTag flag={flag} onClose={() => setAdding(false)} />}
    </>
  );
}

function AddTag({ flag, onClose }: { flag: Flag; onClose: () => void }) {
  const types = useQuery(tagTypesQuery).data ?? [];
  const change = useChange('flags');
  const [type, setType] = useState('simple');
  const [value, setValue] = useState('');
  const tag = [{ type, value: value.trim() }];
  return (
    <Modal opened onClose={onClose} title={`Tag ${flag.name}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          change.mutate(
            {
              run: () => tagFlags(flag.project, [flag.name], tag, []),
              done: `Tagged ${flag.name} with ${type}:${value.trim()}.`,
              not: 'Not tagged',
              undo: () => tagFlags(flag.project, [flag.name], [], tag),
            },
            { onSuccess: onClose },
          );
        }}
      >
        <Select
          label="Type"
          allowDeselect={false}
          data={types.map((each) => each.name)}
          value={type}
          onChange={(next) => setType(next ?? 'simple')}
        />
        <TextInput
          mt="sm"
          label="Value"
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
          data-autofocus
        />
        <div className="buttons">
          <Button onClick={onClose}>Close</Button>
          <Button type="submit" variant="filled" disabled={value.trim().length < 2} loading={change.isPending}>
            Add tag
          </Button>
        </div>
      </form>
    </Modal>
  );
}
