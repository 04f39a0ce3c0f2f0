import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type AccessRequest, accessRequestsQuery, approve, reject } from '../access_requests/api';
import { ConfirmChange } from '../shared/ConfirmChange';
import { FormDialog } from '../shared/FormDialog';
import { Table } from '../shared/ListPage';
import { ErrorState } from '../shared/states';
import table from '../shared/table.module.css';
import { countOf } from '../shared/time';
import { When } from '../shared/When';
import type { Role } from './api';
import { RoleSelect } from './dialogs';
import { viewerOf } from './model';

const PROVIDERS: Record<string, string> = { oidc: 'OpenID Connect', saml: 'SAML' };

type Doing = { what: 'approve' | 'reject'; of: AccessRequest };

/** People whom an identity provider vouches for, and who ask to come in. Nothing stands there while nobody does. */
export function AccessRequests({ roles }: { roles: Role[] }) {
  const found = useQuery(accessRequestsQuery);
  const [doing, setDoing] = useState<Doing | null>(null);
  const close = () => setDoing(null);
  if (found.isError) return <ErrorState error={found.error} retry={() => found.refetch()} />;
  if (!found.data?.length) return null;
  return (
    <section aria-labelledby="access-requests" className={table.before}>
      <h2 id="access-requests">
        Access requests <span className="muted">{countOf(found.data.length)}</span>
      </h2>
      <p className="muted">
        They have shown an identity provider who they are, and have no account here. Who is let in logs in there.
      </p>
      <Table columns={['E-mail', 'Name', 'By', 'Asked', 'more']}>
        {found.data.map((each) => (
          <tr key={each.id}>
            <th scope="row">{each.email}</th>
            <td>{each.name}</td>
            <td>{PROVIDERS[each.authType] ?? each.authType}</td>
            <td>
              <When at={each.createdAt} />
            </td>
            <td className={table.number}>
              <Button
                size="compact-xs"
                aria-label={`Approve ${each.email}`}
                onClick={() => setDoing({ what: 'approve', of: each })}
              >
                Approve
              </Button>{' '}
              <Button
                size="compact-xs"
                variant="subtle"
                color="gray"
                aria-label={`Reject ${each.email}`}
                onClick={() => setDoing({ what: 'reject', of: each })}
              >
                Reject
              </Button>
            </td>
          </tr>
        ))}
      </Table>
      {doing?.what === 'approve' && <Approve request={doing.of} roles={roles} onClose={close} />}
      {doing?.what === 'reject' && (
        <ConfirmChange
          title={`Reject ${doing.of.email}`}
          act="Reject request"
          slice="access_requests"
          change={{
            run: () => reject(doing.of.id),
            done: `Rejected ${doing.of.email}.`,
            not: 'Not rejected',
          }}
          onClose={close}
        >
          Nobody is told. They may ask again.
        </ConfirmChange>
      )}
    </section>
  );
}

function Approve({ request, roles, onClose }: { request: AccessRequest; roles: Role[]; onClose: () => void }) {
  const [role, setRole] = useState(viewerOf(roles));
  return (
    <FormDialog
      title={`Let ${request.email} in`}
      act="Approve request"
      ready={role !== ''}
      keys={['access_requests', 'users']}
      done={`${request.email} has an account.`}
      run={() => approve(request.id, Number(role))}
      onClose={onClose}
    >
      {() => <RoleSelect roles={roles} value={role} onChange={setRole} />}
    </FormDialog>
  );
}
