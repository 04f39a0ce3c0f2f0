import { Button, Textarea, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { tagTypesQuery } from '../flags/api';
import { Can } from '../shared/Can';
import { ConfirmChange } from '../shared/ConfirmChange';
import { FormDialog } from '../shared/FormDialog';
import { ListPage } from '../shared/ListPage';
import { MeanwhileNote, useMeanwhile } from '../shared/Meanwhile';
import table from '../shared/table.module.css';
import { createTagType, deleteTagType, type TagType, updateTagType } from './api';

/** Kinds of tags. Integrations read some of them: a Slack tag names a channel. */
export function TagTypesPage() {
  const found = useQuery(tagTypesQuery);
  const [editing, setEditing] = useState<TagType | 'new' | null>(null);
  const [deleting, setDeleting] = useState<TagType | null>(null);
  return (
    <ListPage
      title="Tag types"
      noun="tag type"
      below="A flag's tag has a type and a value. Some integrations read theirs: a tag slack:payments names a channel."
      actions={
        <Can need={{ permission: 'CREATE_TAG_TYPE' }}>
          <Button variant="filled" leftSection={<IconPlus size={15} />} onClick={() => setEditing('new')}>
            Create tag type
          </Button>
        </Can>
      }
      question={found}
      rows={found.data}
      columns={['Name', 'Description', 'Colour', 'more']}
      text={(each) => `${each.name} ${each.description ?? ''}`}
      empty="Create one to sort flags by it."
      row={(each) => (
        <tr key={each.name}>
          <th scope="row">
            <Link to="/search" search={{ q: `${each.name}:` }}>
              {each.name}
            </Link>
          </th>
          <td>{each.description}</td>
          <td>{each.color}</td>
          <td className={table.number}>
            <Can need={{ permission: 'UPDATE_TAG_TYPE' }}>
              <Button size="compact-xs" aria-label={`Change ${each.name}`} onClick={() => setEditing(each)}>
                Change
              </Button>
            </Can>{' '}
            <Can need={{ permission: 'DELETE_TAG_TYPE' }}>
              <Button
                size="compact-xs"
                color="red"
                aria-label={`Delete ${each.name}`}
                onClick={() => setDeleting(each)}
              >
                Delete
              </Button>
            </Can>
          </td>
        </tr>
      )}
    >
      {editing && <TagTypeForm known={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
      {deleting && (
        <ConfirmChange
          title={`Delete the tag type ${deleting.name}`}
          act="Delete tag type"
          typed={deleting.name}
          slice="tags"
          change={{
            run: () => deleteTagType(deleting.name),
            done: `Deleted the tag type ${deleting.name}.`,
            not: 'Not deleted',
          }}
          onClose={() => setDeleting(null)}
        >
          Flags lose all tags of this type with it.
        </ConfirmChange>
      )}
    </ListPage>
  );
}

interface Draft {
  description: string;
  color: string;
}

const draftOf = (type?: TagType): Draft => ({ description: type?.description ?? '', color: type?.color ?? '' });

function TagTypeForm({ known, onClose }: { known: TagType | null; onClose: () => void }) {
  const stored = useQuery(tagTypesQuery).data?.find((each) => each.name === known?.name);
  const [name, setName] = useState(known?.name ?? '');
  const [draft, setDraft] = useState(() => draftOf(known ?? undefined));
  const meanwhile = useMeanwhile(known ? stored && draftOf(stored) : draft, draft);
  const set = (next: Partial<Draft>) => setDraft((old) => ({ ...old, ...next }));
  return (
    <FormDialog<unknown>
      title={known ? `Change ${known.name}` : 'Create a tag type'}
      act={known ? 'Save tag type' : 'Create tag type'}
      ready={name.trim() !== ''}
      keys={['tags']}
      done={`${known ? 'Saved' : 'Created'} the tag type ${name.trim()}.`}
      run={() => {
        const rest = { description: draft.description.trim(), color: draft.color.trim() || null };
        return known ? updateTagType(known.name, rest) : createTagType({ name: name.trim(), ...rest });
      }}
      onClose={onClose}
    >
      {(about) => (
        <>
          <MeanwhileNote of={meanwhile} type="tag-type-updated" what="tag type" onTake={setDraft} />
          {!known && (
            <TextInput
              label="Name"
              description="It cannot be changed later"
              value={name}
              error={about('name')}
              onChange={(event) => setName(event.currentTarget.value)}
              autoComplete="off"
              spellCheck={false}
              data-autofocus
            />
          )}
          <Textarea
            label="Description"
            autosize
            minRows={2}
            value={draft.description}
            error={about('description')}
            onChange={(event) => set({ description: event.currentTarget.value })}
          />
          <TextInput
            label="Colour"
            placeholder="#1A2B3C"
            value={draft.color}
            error={about('color')}
            onChange={(event) => set({ color: event.currentTarget.value })}
          />
        </>
      )}
    </FormDialog>
  );
}
