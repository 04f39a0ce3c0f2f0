import { useQuery } from '@tanstack/react-query';
import { useMay } from '../session/permissions';
import { Stale } from '../shared/Meanwhile';
import { Page } from '../shared/Page';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import { oidcQuery } from './api';
import { OidcForm } from './OidcForm';

/** How people log in without a password of this server. */
export function SsoPage() {
  const allowed = useMay()({ permission: 'UPDATE_AUTH_CONFIGURATION' });
  const found = useQuery({ ...oidcQuery, enabled: allowed });
  return (
    <Page
      title="Single sign-on"
      below="People log in with the account that they have elsewhere. Passwords go on working beside it."
    >
      {!allowed ? (
        <EmptyState title="You may not see how people log in">
          It needs the permission to change how people log in.
        </EmptyState>
      ) : found.data ? (
        <>
          <Stale error={found.error} what="setting" />
          <OidcForm stored={found.data} />
        </>
      ) : found.isError ? (
        <ErrorState error={found.error} retry={() => found.refetch()} />
      ) : (
        <Waiting />
      )}
    </Page>
  );
}
