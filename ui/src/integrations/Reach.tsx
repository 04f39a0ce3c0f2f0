import { Button, MultiSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useMemo, useRef } from 'react';
import { environmentsQuery } from '../environments/api';
import { useTypeLabels } from '../eventlog/types';
import { projectsQuery } from '../projects/api';
import { QueryBar } from '../shared/QueryBar';
import { several } from '../shared/time';
import { When } from '../shared/When';
import { dryRunQuery, type IntegrationBody, type Provider } from './api';
import styles from './Integrations.module.css';
import { grouped } from './model';

/** Which events it is told of; with what it would have been sent, had it been there. */
export function Reach({
  provider,
  value,
  onChange,
}: {
  provider: Provider;
  value: IntegrationBody;
  onChange: (part: Partial<IntegrationBody>) => void;
}) {
  const projects = useQuery(projectsQuery).data ?? [];
  const environments = useQuery(environmentsQuery).data ?? [];
  const labels = useTypeLabels();
  const bar = useRef<HTMLInputElement>(null);
  const { provider: name, enabled, events, projects: of = [], environments: at = [], query = '' } = value;
  const asked = useMemo(
    () => ({ provider: name, enabled, parameters: {}, events, projects: of, environments: at, query }),
    [name, enabled, events, of, at, query],
  );
  const found = useQuery({ ...dryRunQuery(asked), placeholderData: (old) => old });
  const types = useMemo(
    () => grouped([...new Set([...provider.events, ...events])], (type) => labels.get(type) ?? type),
    [provider.events, events, labels],
  );
  return (
    <fieldset className={styles.fields}>
      <legend>What it is told of</legend>
      <MultiSelect
        label="Events"
        description={`${several(events.length, 'type')} chosen`}
        searchable
        clearable
        clearButtonProps={{ 'aria-label': 'Choose no event' }}
        maxDropdownHeight={300}
        data={types}
        value={events}
        onChange={(next) => onChange({ events: next })}
      />
      {events.length < provider.events.length && (
        <div>
          <Button size="compact-xs" onClick={() => onChange({ events: [...provider.events] })}>
            Choose all {provider.events.length}
          </Button>
        </div>
      )}
      <MultiSelect
        label="Projects"
        placeholder={of.length ? '' : 'All projects'}
        searchable
        data={[
          ...new Map([...of.map((id) => [id, id] as const), ...projects.map((each) => [each.id, each.name] as const)]),
        ].map(([id, label]) => ({ value: id, label }))}
        value={of}
        onChange={(next) => onChange({ projects: next })}
      />
      <MultiSelect
        label="Environments"
        placeholder={at.length ? '' : 'All environments'}
        searchable
        data={[...new Set([...at, ...environments.map((each) => each.name)])]}
        value={at}
        onChange={(next) => onChange({ environments: next })}
      />
      <div>
        <div className={styles.label}>And only if it matches</div>
        <QueryBar
          inputRef={bar}
          value={query}
          scope=""
          error={found.error}
          busy={found.isFetching}
          onSubmit={(next) => onChange({ query: next })}
        />
      </div>
      <div role="status" className={styles.would}>
        {found.data && !found.isError && (
          <>
            It would have been sent <strong>{several(found.data.total, 'event')}</strong> in the last {found.data.days}{' '}
            days.
            {found.data.samples.length > 0 && (
              <ul className={styles.samples} aria-label="The latest of them">
                {found.data.samples.map((each) => (
                  <li key={each.id}>
                    <Link to="/history/$eventId" params={{ eventId: String(each.id) }}>
                      {each.label ?? each.type}
                    </Link>{' '}
                    <span className="muted">
                      {[each.featureName, each.environment, each.project].filter(Boolean).join(', ')}{' '}
                      <When at={each.createdAt} />
                    </span>
                  </li>
                ))}
              </ul>
            )}
          </>
        )}
      </div>
    </fieldset>
  );
}
