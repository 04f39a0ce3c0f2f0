import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMay } from '../session/permissions';
import { Can } from '../shared/Can';
import { Chip } from '../shared/Chip';
import { Page } from '../shared/Page';
import { Switch } from '../shared/Switch';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import { several } from '../shared/time';
import { useChange } from '../shared/useChange';
import { When } from '../shared/When';
import {
  attemptsQuery,
  deliveryCountQuery,
  type Integration,
  integrationsQuery,
  type Provider,
  updateIntegration,
} from './api';
import styles from './Integrations.module.css';
import { bodyOf, health, sentBody } from './model';

/** The integrations that there are, with how they do; and every provider that one can be made of. */
export function IntegrationsPage() {
  const found = useQuery(integrationsQuery);
  const may = useMay();
  if (!found.data && found.isError) return <ErrorState error={found.error} retry={() => found.refetch()} />;
  const { addons, providers } = found.data ?? { addons: [], providers: [] };
  return (
    <Page
      title="Integrations"
      count={found.data && several(addons.length, 'integration')}
      below="They tell other systems what happens here. Every event is delivered at least once, and each attempt is kept."
    >
      {found.isPending ? (
        <Waiting />
      ) : (
        <>
          {addons.length === 0 ? (
            <EmptyState title="Nothing is told to anybody yet">Choose below who is to hear of changes.</EmptyState>
          ) : (
            <ul className={styles.cards} aria-label="Integrations that are set up">
              {addons.map((each) => (
                <Card
                  key={each.id}
                  integration={each}
                  provider={providers.find(({ name }) => name === each.provider)}
                />
              ))}
            </ul>
          )}
          <h2 className={styles.heading}>Set up another</h2>
          <ul className={styles.cards} aria-label="Providers">
            {providers
              .filter((each) => !each.deprecated)
              .map((each) => (
                <li key={each.name} className={styles.card}>
                  <h3>{each.displayName}</h3>
                  <p className="muted">{each.description}</p>
                  {may({ permission: 'CREATE_ADDON' }) ? (
                    <Link to="/integrations/create/$provider" params={{ provider: each.name }} className="link">
                      Set up {each.displayName}
                    </Link>
                  ) : (
                    <span className="hint">Needs Create addon</span>
                  )}
                </li>
              ))}
          </ul>
        </>
      )}
    </Page>
  );
}

function Card({ integration, provider }: { integration: Integration; provider: Provider | undefined }) {
  const change = useChange('integrations');
  const name = integration.description || provider?.displayName || integration.provider;
  const set = (enabled: boolean) => () =>
    updateIntegration(integration.id, {
      ...sentBody(provider ? bodyOf(provider, integration) : { ...integration }),
      enabled,
    });
  return (
    <li className={styles.card}>
      <div className={styles.top}>
        <h3 className="cut">
          <Link to="/integrations/$id" params={{ id: String(integration.id) }}>
            {name}
          </Link>
        </h3>
        <Can need={{ permission: 'UPDATE_ADDON' }}>
          <Switch
            on={integration.enabled}
            label={`${name} is on`}
            onChange={(on) =>
              change.mutate({
                run: set(on),
                done: `Turned ${on ? 'on' : 'off'} ${name}.`,
                not: on ? 'Not turned on' : 'Not turned off',
                undo: set(!on),
              })
            }
          />
        </Can>
      </div>
      <p className="muted">
        {provider?.displayName ?? integration.provider}, {several(integration.events.length, 'type')} of events
        {integration.query && (
          <>
            , <code>{integration.query}</code>
          </>
        )}
      </p>
      <Health integration={integration} />
    </li>
  );
}

/** `failing since 10:14, 12 waiting`. */
export function Health({ integration }: { integration: Integration }) {
  const may = useMay();
  const tried = useQuery({ ...attemptsQuery(integration.id), enabled: may({ permission: 'ADMIN' }) });
  const counted = may({ permission: 'UPDATE_ADDON' });
  const left = useQuery({ ...deliveryCountQuery(integration.id, { state: 'waiting' }), enabled: counted });
  const ended = useQuery({ ...deliveryCountQuery(integration.id, { state: 'dead' }), enabled: counted });
  // All of it at once: one after the other they would push each other aside.
  if (tried.isLoading || left.isLoading || ended.isLoading) return <div className={styles.health} />;
  const attempts = tried.data;
  const waiting = left.data ?? 0;
  const dead = ended.data ?? 0;
  const state = attempts && health(attempts);
  return (
    <div className={styles.health}>
      {!integration.enabled && <Chip>off</Chip>}
      {state && (
        <Chip tone={state.failing ? 'removed' : 'created'} title={state.why}>
          {state.failing ? 'failing' : 'works'}
        </Chip>
      )}
      {state && (
        <span className="hint">
          since <When at={state.since} />
        </span>
      )}
      {attempts?.length === 0 && <span className="hint">nothing sent yet</span>}
      {waiting > 0 && <Chip tone="warning">{waiting} waiting</Chip>}
      {dead > 0 && <Chip tone="removed">{dead} given up</Chip>}
    </div>
  );
}
