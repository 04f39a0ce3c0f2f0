import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useMay } from '../session/permissions';
import { Chip } from '../shared/Chip';
import { ListPage } from '../shared/ListPage';
import { several } from '../shared/time';
import { When } from '../shared/When';
import { type Login, loginsQuery } from './api';

/** So many rows at once: a script that guesses passwords leaves thousands. */
const STEP = 200;

/** Who logged in, and who tried to. */
export function LoginsPage() {
  const may = useMay();
  const allowed = may({ permission: 'READ_LOGS' });
  const found = useQuery({ ...loginsQuery, enabled: allowed });
  const [words, setWords] = useState('');
  const [shown, setShown] = useState(STEP);
  const rows = found.data?.filter((each) => textOf(each).toLowerCase().includes(words.toLowerCase()));
  return (
    <ListPage
      title="Login history"
      noun="login"
      below="Of the last 14 days. A name stands only where somebody has it: what was typed may be a password."
      refused={!allowed && 'It needs the permission to read logs.'}
      question={found}
      rows={rows?.slice(0, shown)}
      total={rows?.length}
      columns={['When', 'Who', 'With', 'From', 'Outcome']}
      look="Name, address or outcome"
      asked={{ words, onChange: setWords }}
      empty="Nobody has logged in during the last 14 days."
      row={(each) => (
        <tr key={each.id}>
          <th scope="row">
            <When at={each.created_at} />
          </th>
          <td>{each.username ?? 'nobody of this server'}</td>
          <td>{wayOf(each)}</td>
          <td>{each.ip}</td>
          <td>{each.successful ? 'logged in' : <Chip tone="warning">{each.failure_reason ?? 'refused'}</Chip>}</td>
        </tr>
      )}
    >
      {rows && rows.length > shown && (
        <Button mt="md" onClick={() => setShown((old) => old + STEP)}>
          Show more: {several(rows.length - shown, 'login')}
        </Button>
      )}
    </ListPage>
  );
}

const WAYS: Record<string, string> = { simple: 'password', oidc: 'OpenID Connect', saml: 'SAML' };

const wayOf = (login: Login): string => WAYS[login.auth_type] ?? login.auth_type;

const textOf = (login: Login): string =>
  [login.username, wayOf(login), login.ip, login.successful ? 'logged in' : (login.failure_reason ?? 'refused')].join(
    ' ',
  );
