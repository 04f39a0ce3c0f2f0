import { Button, Select, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { Changed, Schema } from '../api/client';
import { endOf, LIFETIMES } from '../tokens/lifetimes';
import { ConfirmChange } from './ConfirmChange';
import { FormDialog } from './FormDialog';
import { Table } from './ListPage';
import table from './table.module.css';
import { wholeTime } from './time';
import { When } from './When';

export type PersonalToken = Schema['PatOut'];

/** The tokens of one person or service account. */
export function PersonalTokenTable({
  tokens,
  onDelete,
}: {
  tokens: PersonalToken[];
  onDelete: (token: PersonalToken) => void;
}) {
  return (
    <Table columns={['For', 'Created', 'Last seen', 'Expires', 'more']}>
      {tokens.map((each) => (
        <tr key={each.id}>
          <th scope="row">{each.description}</th>
          <td>
            <When at={each.createdAt} />
          </td>
          <td>{each.seenAt ? <When at={each.seenAt} /> : 'never'}</td>
          <td>{wholeTime(each.expiresAt)}</td>
          <td className={table.number}>
            <Button
              size="compact-xs"
              color="red"
              aria-label={`Delete ${each.description}`}
              onClick={() => onDelete(each)}
            >
              Delete
            </Button>
          </td>
        </tr>
      ))}
    </Table>
  );
}

/** Makes one. */
export function NewPersonalToken({
  title,
  act,
  slice,
  done,
  days: offered,
  create,
  onMade,
  onClose,
}: {
  title: string;
  /** What the button says. */
  act: string;
  /** Whose questions are asked again. */
  slice: string;
  /** Said when it is made. */
  done: string;
  /** How long it lives unless the reader chooses: one of `LIFETIMES`. */
  days: string;
  create: (body: Schema['NewPatBody']) => Promise<Changed<PersonalToken>>;
  onMade: (made: PersonalToken) => void;
  onClose: () => void;
}) {
  const [description, setDescription] = useState('');
  const [days, setDays] = useState(offered);
  return (
    <FormDialog
      title={title}
      act={act}
      ready={description.trim() !== ''}
      keys={[slice]}
      done={done}
      run={() => create({ description: description.trim(), expiresAt: endOf(days) ?? '' })}
      onDone={onMade}
      onClose={onClose}
    >
      {(about) => (
        <>
          <TextInput
            label="What it is for"
            value={description}
            error={about('description')}
            onChange={(event) => setDescription(event.currentTarget.value)}
            autoComplete="off"
            data-autofocus
          />
          <Select
            label="Expires in"
            allowDeselect={false}
            data={LIFETIMES}
            value={days}
            onChange={(next) => next && setDays(next)}
          />
        </>
      )}
    </FormDialog>
  );
}

/** Asks before one is deleted. */
export function DeletePersonalToken({
  token,
  who,
  slice,
  remove,
  onClose,
}: {
  token: PersonalToken;
  /** Who uses it: `Scripts`. */
  who: string;
  /** Whose questions are asked again. */
  slice: string;
  remove: () => Promise<Changed<unknown>>;
  onClose: () => void;
}) {
  return (
    <ConfirmChange
      title={`Delete the token for ${token.description}`}
      act="Delete token"
      slice={slice}
      change={{ run: remove, done: `Deleted the token for ${token.description}.`, not: 'Not deleted' }}
      onClose={onClose}
    >
      {who} that use it are refused from now on.
    </ConfirmChange>
  );
}
