import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import {
  DeletePersonalToken,
  NewPersonalToken,
  type PersonalToken,
  PersonalTokenTable,
} from '../shared/PersonalTokens';
import { Secret } from '../shared/Secret';
import { ErrorState, Waiting } from '../shared/states';
import { createPat, deletePat, patsQuery } from '../tokens/api';

const SLICE = 'tokens';

/** The reader's own tokens, for scripts that do what the reader may. */
export function PersonalTokens() {
  const found = useQuery(patsQuery);
  const [creating, setCreating] = useState(false);
  const [secret, setSecret] = useState('');
  const [deleting, setDeleting] = useState<PersonalToken | null>(null);
  return (
    <section aria-labelledby="personal-tokens" style={{ marginTop: 32 }}>
      <h2 id="personal-tokens">Personal access tokens</h2>
      <p className="muted">A script that has one may do all that you may, and the log names you as who did it.</p>
      {found.isError ? (
        <ErrorState error={found.error} retry={() => found.refetch()} />
      ) : !found.data ? (
        <Waiting rows={2} />
      ) : (
        found.data.length > 0 && <PersonalTokenTable tokens={found.data} onDelete={setDeleting} />
      )}
      <Button mt="sm" leftSection={<IconPlus size={15} />} onClick={() => setCreating(true)}>
        Create personal token
      </Button>
      {creating && (
        <NewPersonalToken
          title="Create a personal access token"
          act="Create personal token"
          slice={SLICE}
          done="Created a personal access token."
          days="30"
          create={createPat}
          onMade={(made) => {
            setCreating(false);
            setSecret(made.secret ?? '');
          }}
          onClose={() => setCreating(false)}
        />
      )}
      {secret && <Secret title="Your new token" secret={secret} onStored={() => setSecret('')} />}
      {deleting && (
        <DeletePersonalToken
          token={deleting}
          who="Scripts"
          slice={SLICE}
          remove={() => deletePat(deleting.id)}
          onClose={() => setDeleting(null)}
        />
      )}
    </section>
  );
}
