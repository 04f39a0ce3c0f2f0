import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { queryClient } from '../api/query-client';
import { Chip } from '../shared/Chip';
import { Confirm } from '../shared/Confirm';
import { Table } from '../shared/ListPage';
import { ErrorState, Waiting } from '../shared/states';
import table from '../shared/table.module.css';
import { failed } from '../shared/toasts';
import { useChange } from '../shared/useChange';
import { When } from '../shared/When';
import { endOtherSessions, endSession, logOut, sessionsQuery } from './api';
import { browserName } from './model';

/** Where the reader is logged in, and ways to end that. */
export function Sessions() {
  const found = useQuery(sessionsQuery);
  const change = useChange('session');
  const navigate = useNavigate();
  const [asking, setAsking] = useState(false);
  const [leaving, setLeaving] = useState(false);
  const others = (found.data ?? []).filter((each) => !each.current);
  async function leave() {
    setLeaving(true);
    try {
      await logOut();
      queryClient.clear();
      navigate({ to: '/login', search: {} });
    } catch (error) {
      setLeaving(false);
      failed('Not logged out', error);
    }
  }
  return (
    <section aria-labelledby="sessions" style={{ marginTop: 32 }}>
      <h2 id="sessions">Sessions</h2>
      <p className="muted">Where you are logged in. A new password ends all sessions but this one.</p>
      {!found.data && found.isError ? (
        <ErrorState error={found.error} retry={() => found.refetch()} />
      ) : !found.data ? (
        <Waiting rows={2} />
      ) : (
        <Table columns={['With', 'From', 'Since', 'more']}>
          {found.data.map((each) => (
            <tr key={each.id}>
              <th scope="row" title={each.userAgent}>
                {browserName(each.userAgent)} {each.current && <Chip tone="outline">this one</Chip>}
              </th>
              <td>{each.ip || 'unknown'}</td>
              <td>
                <When at={each.createdAt} />
              </td>
              <td className={table.number}>
                {!each.current && (
                  <Button
                    size="compact-xs"
                    color="red"
                    aria-label={`End the session with ${browserName(each.userAgent)} from ${each.ip || 'unknown'}`}
                    loading={change.isPending}
                    onClick={() =>
                      change.mutate({
                        run: () => endSession(each.id),
                        done: 'Ended the session.',
                        not: 'Not ended',
                      })
                    }
                  >
                    End
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </Table>
      )}
      <div className="buttons" style={{ justifyContent: 'flex-start' }}>
        <Button
          disabled={others.length === 0}
          onClick={() => change.mutate({ run: endOtherSessions, done: 'Ended all other sessions.', not: 'Not ended' })}
        >
          End all others
        </Button>
        <Button onClick={() => setAsking(true)}>Log out everywhere</Button>
      </div>
      <Confirm
        opened={asking}
        title="Log out everywhere"
        act="Log out everywhere"
        busy={leaving}
        onClose={() => setAsking(false)}
        onConfirm={leave}
      >
        All your sessions end, this one too. Personal access tokens stay.
      </Confirm>
    </section>
  );
}
