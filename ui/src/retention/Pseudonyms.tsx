import { Button, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Confirm } from '../shared/Confirm';
import { Table } from '../shared/ListPage';
import { ErrorState, Waiting } from '../shared/states';
import table from '../shared/table.module.css';
import { countOf } from '../shared/time';
import { useChange } from '../shared/useChange';
import { When } from '../shared/When';
import { pseudonymise, pseudonymsQuery } from './api';
import { personOf } from './model';
import styles from './Retention.module.css';

/** People whose names were taken out of the log. `held`: a hold forbids it for now. */
export function Pseudonyms({ held }: { held: boolean }) {
  const found = useQuery(pseudonymsQuery);
  const [who, setWho] = useState('');
  const [asking, setAsking] = useState(false);
  const change = useChange('retention');
  const name = who.trim();
  return (
    <section aria-labelledby="pseudonyms" className={styles.section}>
      <h2 id="pseudonyms">Forgotten people</h2>
      <p className="muted">
        A pseudonym takes the place of a name and an address everywhere in the log, in the archive too. It cannot be
        taken back.
      </p>
      {found.isError ? (
        <ErrorState error={found.error} retry={() => found.refetch()} />
      ) : !found.data ? (
        <Waiting rows={2} />
      ) : (
        found.data.length > 0 && (
          <Table columns={['Pseudonym', 'User', { name: 'Events', number: true }, 'Asked', 'State']}>
            {found.data.map((each) => (
              <tr key={each.pseudonym}>
                <th scope="row">
                  <code>{each.pseudonym}</code>
                </th>
                <td>{each.userId === null ? '' : `#${each.userId}`}</td>
                <td className={table.number}>{countOf(each.events)}</td>
                <td>
                  <When at={each.askedAt} />
                </td>
                <td>
                  {each.finishedAt ? (
                    <>
                      done <When at={each.finishedAt} />
                    </>
                  ) : (
                    'under way'
                  )}
                </td>
              </tr>
            ))}
          </Table>
        )
      )}
      <form
        className={styles.row}
        onSubmit={(event) => {
          event.preventDefault();
          if (name && !held) setAsking(true);
        }}
      >
        <TextInput
          label="Whom to forget"
          description="The id of a deleted user, or the name of an actor that never was one"
          value={who}
          onChange={(event) => setWho(event.currentTarget.value)}
          autoComplete="off"
        />
        <Button type="submit" disabled={!name || held}>
          Forget
        </Button>
      </form>
      {asking && (
        <Confirm
          opened
          title={`Forget ${name}`}
          act="Replace the name"
          typed={name}
          busy={change.isPending}
          onClose={() => setAsking(false)}
          onConfirm={() =>
            change.mutate(
              {
                run: () => pseudonymise(personOf(who)),
                done: 'The name is being replaced.',
                not: 'Nothing was replaced',
              },
              {
                onSuccess: () => {
                  setAsking(false);
                  setWho('');
                },
              },
            )
          }
        >
          Every event keeps what was done and when. Who it was can never be told again.
        </Confirm>
      )}
    </section>
  );
}
