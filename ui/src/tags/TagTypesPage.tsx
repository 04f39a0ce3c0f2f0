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
      {editing && <TagTypeForm tagType={editing === 'new' ? null : editing} onClose={() => setEditing(null)} />}
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

function TagTypeForm({ tagType, onClose }: { tagType: TagType | null; onClose: () => void }) {
  const [name, setName] = useState(tagType?.name ?? '');
  const [description, setDescription] = useState(tagType?.description ?? '');
  const [color, setColor] = useState(tagType?.color ?? '');
  return (
    <FormDialog<unknown>
      title={tagType ? `Change ${tagType.name}` : 'Create a tag type'}
      act={tagType ? 'Save tag type' : 'Create tag type'}
      ready={name.trim() !== ''}
      keys={['tags']}
      done={`${tagType ? 'Saved' : 'Created'} the tag type ${name.trim()}.`}
      run={() => {
        const rest = { description: description.trim(), color: color.trim() || null };
        return tagType ? updateTagType(tagType.name, rest) : createTagType({ name: name.trim(), ...rest });
      }}
      onClose={onClose}
    >
      {(about) => (
        <>
          {!tagType && (
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
            value={description}
            error={about('description')}
            onChange={(event) => setDescription(event.currentTarget.value)}
          />
          <TextInput
            label="Colour"
            placeholder="#1A2B3C"
            value={color}
            error={about('color')}
            onChange={(event) => setColor(event.currentTarget.value)}
          />
        </>
      )}
    </FormDialog>
  );
}
