import { Button, Select, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ConfirmChange } from '../shared/ConfirmChange';
import { FormDialog } from '../shared/FormDialog';
import { Table } from '../shared/ListPage';
import { Secret } from '../shared/Secret';
import { ErrorState, Waiting } from '../shared/states';
import table from '../shared/table.module.css';
import { wholeTime } from '../shared/time';
import { When } from '../shared/When';
import { createPat, deletePat, type Pat, patsQuery } from '../tokens/api';
import { endOf, LIFETIMES } from '../tokens/lifetimes';

/** The reader's own tokens, for scripts that do what the reader may. */
export function PersonalTokens() {
  const found = useQuery(patsQuery);
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState('');
  const [deleting, setDeleting] = useState<Pat | null>(null);
  return (
    <section aria-labelledby="personal-tokens" style={{ marginTop: 32 }}>
      <h2 id="personal-tokens">Personal access tokens</h2>
      <p className="muted">A script that has one may do all that you may, and the log names you as who did it.</p>
      {found.isError ? (
        <ErrorState error={found.error} retry={() => found.refetch()} />
      ) : !found.data ? (
        <Waiting rows={2} />
      ) : (
        found.data.length > 0 && (
          <Table columns={['For', 'Created', 'Last seen', 'Expires', 'more']}>
            {found.data.map((pat) => (
              <tr key={pat.id}>
                <th scope="row">{pat.description}</th>
                <td>
                  <When at={pat.createdAt} />
                </td>
                <td>{pat.seenAt ? <When at={pat.seenAt} /> : 'never'}</td>
                <td>{wholeTime(pat.expiresAt)}</td>
                <td className={table.number}>
                  <Button
                    size="compact-xs"
                    color="red"
                    aria-label={`Delete ${pat.description}`}
                    onClick={() => setDeleting(pat)}
                  >
                    Delete
                  </Button>
                </td>
              </tr>
            ))}
          </Table>
        )
      )}
      <Button mt="sm" leftSection={<IconPlus size={15} />} onClick={() => setCreating(true)}>
        Create personal token
      </Button>
      {creating && (
        <NewPat
          onMade={(pat) => {
            setCreating(false);
            setSecret(pat.secret ?? '');
          }}
          onClose={() => setCreating(false)}
        />
      )}
      {secret && <Secret title="Your new token" secret={secret} onStored={() => setSecret('')} />}
      {deleting && (
        <ConfirmChange
          title={`Delete the token for ${deleting.description}`}
          act="Delete token"
          slice="tokens"
          change={{
            run: () => deletePat(deleting.id),
            done: `Deleted the token for ${deleting.description}.`,
            not: 'Not deleted',
          }}
          onClose={() => setDeleting(null)}
        >
          Scripts that use it are refused from now on.
        </ConfirmChange>
      )}
    </section>
  );
}

function NewPat({ onMade, onClose }: { onMade: (pat: Pat) => void; onClose: () => void }) {
  const [description, setDescription] = useState('');
  const [days, setDays] = useState('30');
  return (
    <FormDialog
      title="Create a personal access token"
      act="Create personal token"
      ready={description.trim() !== ''}
      keys={['tokens']}
      done="Created a personal access token."
      run={() => createPat({ description: description.trim(), expiresAt: endOf(days) ?? '' })}
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
