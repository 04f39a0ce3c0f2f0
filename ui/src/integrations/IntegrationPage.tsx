import { Alert, Button } from '@mantine/core';
import { IconHistory, IconKey, IconSend, IconTrash } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { queryClient } from '../api/query-client';
import { typesQuery } from '../eventlog/types';
import { Can } from '../shared/Can';
import { Code } from '../shared/Code';
import { Confirm } from '../shared/Confirm';
import { Page } from '../shared/Page';
import { Secret } from '../shared/Secret';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import { failed } from '../shared/toasts';
import { useChange } from '../shared/useChange';
import {
  deleteIntegration,
  type Integration,
  integrationsQuery,
  newSigningSecret,
  type Provider,
  sendTest,
} from './api';
import { Deliveries } from './Deliveries';
import { IntegrationForm } from './IntegrationForm';
import styles from './Integrations.module.css';
import { Health } from './IntegrationsPage';

const all = () => <Link to="/integrations">Integrations</Link>;

/** Sets up an integration of a provider. */
export function CreateIntegrationPage() {
  const { provider: name } = useParams({ from: '/shell/integrations/create/$provider' });
  const found = useQuery(integrationsQuery);
  const named = useQuery(typesQuery);
  const navigate = useNavigate();
  if (!found.data && found.isError) return <ErrorState error={found.error} retry={() => found.refetch()} />;
  const provider = found.data?.providers.find((each) => each.name === name);
  return (
    <Page title={provider ? `Set up ${provider.displayName}` : 'Set up an integration'} above={all()}>
      {found.isPending || named.isPending ? (
        <Waiting />
      ) : provider ? (
        <IntegrationForm
          provider={provider}
          onSaved={({ id }) => navigate({ to: '/integrations/$id', params: { id: String(id) } })}
        />
      ) : (
        <EmptyState title={`There is no provider ${name}`}>{all()}</EmptyState>
      )}
    </Page>
  );
}

/** One integration: what it is, a test of it, and all that it was sent. */
export function IntegrationPage() {
  const { id } = useParams({ from: '/shell/integrations/$id' });
  const found = useQuery(integrationsQuery);
  const named = useQuery(typesQuery);
  if (!found.data && found.isError) return <ErrorState error={found.error} retry={() => found.refetch()} />;
  const integration = found.data?.addons.find((each) => String(each.id) === id);
  const provider = found.data?.providers.find((each) => each.name === integration?.provider);
  if (integration && provider && !named.isPending)
    return <Shown key={integration.id} integration={integration} provider={provider} />;
  return (
    <Page title="Integration" above={all()}>
      {found.isPending || named.isPending ? (
        <Waiting />
      ) : (
        <EmptyState title={`There is no integration ${id}`}>It may be deleted.</EmptyState>
      )}
    </Page>
  );
}

function Shown({ integration, provider }: { integration: Integration; provider: Provider }) {
  const name = integration.description || provider.displayName;
  const navigate = useNavigate();
  /** What is gone has no page: this one is left before it is asked for again. */
  const left = async <T,>(done: T) => {
    await navigate({ to: '/integrations' });
    return done;
  };
  const change = useChange('integrations');
  const [deleting, setDeleting] = useState(false);
  const [secret, setSecret] = useState('');
  const again = () => queryClient.invalidateQueries({ queryKey: ['integrations'] });
  const test = useMutation({
    mutationFn: () => sendTest(integration.id),
    onError: (error) => failed('Not sent', error),
  });
  const signing = useMutation({
    mutationFn: () => newSigningSecret(integration.id),
    onSuccess: ({ data }) => {
      setSecret(data.secret);
      again();
    },
    onError: (error) => failed('No new signing secret', error),
  });
  const need = { permission: 'UPDATE_ADDON' };
  const result = test.data?.data;
  return (
    <Page
      title={name}
      above={all()}
      below={<Health integration={integration} />}
      actions={
        <>
          <Button
            component={Link}
            to={`/history?q=${encodeURIComponent('type:addon-config-*')}`}
            leftSection={<IconHistory size={15} />}
          >
            History
          </Button>
          {provider.parameters.some((each) => each.name === 'signingSecret') && (
            <Can need={need}>
              <Button leftSection={<IconKey size={15} />} loading={signing.isPending} onClick={() => signing.mutate()}>
                New signing secret
              </Button>
            </Can>
          )}
          <Can need={{ permission: 'DELETE_ADDON' }}>
            <Button color="red" leftSection={<IconTrash size={15} />} onClick={() => setDeleting(true)}>
              Delete
            </Button>
          </Can>
        </>
      }
    >
      <IntegrationForm
        provider={provider}
        integration={integration}
        onSaved={() => undefined}
        beside={
          <Can need={need}>
            <Button leftSection={<IconSend size={15} />} loading={test.isPending} onClick={() => test.mutate()}>
              Send a test
            </Button>
          </Can>
        }
      />
      <div role="status" className={styles.result}>
        {result && (
          <Alert
            color={result.state === 'failed' ? 'red' : 'green'}
            variant="light"
            title={
              result.state === 'failed'
                ? 'The test did not arrive'
                : result.state === 'success'
                  ? 'The test arrived'
                  : 'The test arrived, with errors'
            }
          >
            {result.stateDetails}
            <details>
              <summary>What was sent</summary>
              <Code label="What was sent" text={JSON.stringify(result.details, null, 2)} />
            </details>
          </Alert>
        )}
      </div>
      <Deliveries id={integration.id} />
      <Confirm
        opened={deleting}
        title={`Delete ${name}`}
        act="Delete integration"
        typed={name}
        busy={change.isPending}
        onClose={() => setDeleting(false)}
        onConfirm={() =>
          change.mutate({
            run: () => deleteIntegration(integration.id).then(left),
            done: `Deleted ${name}.`,
            not: 'Not deleted',
          })
        }
      >
        What waits for it is not sent any more, and its deliveries and attempts go along. The event log keeps that it
        was there.
      </Confirm>
      {secret && (
        <Secret title="The new signing secret" secret={secret} onStored={() => setSecret('')}>
          Requests are signed with it and with the one before, until you make another one.
        </Secret>
      )}
    </Page>
  );
}
