import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Fragment, useState } from 'react';
import { environmentsQuery } from '../environments/api';
import { EnvChip } from '../shared/Chip';
import { Page } from '../shared/Page';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import table from '../shared/table.module.css';
import { countOf } from '../shared/time';
import { Ask } from './Ask';
import { type Played, playedQuery } from './api';
import { answerOf, questionOf } from './model';
import styles from './Playground.module.css';
import { Why } from './Why';

const FIRST = 200; // rows, until somebody wants them all

/** What somebody would get, in each environment, and why. Its address asks the same again. */
export function PlaygroundPage() {
  const search = useSearch({ from: '/shell/playground' });
  const navigate = useNavigate();
  const [whole, setWhole] = useState(false);
  const environments = useQuery(environmentsQuery);
  const all = (environments.data ?? []).filter((each) => each.enabled).map((each) => each.name);
  const question = questionOf(search, all);
  const played = useQuery(playedQuery(question));
  const types = new Map((environments.data ?? []).map((each) => [each.name, each.type]));
  const left = played.data?.warnings.invalidContextProperties ?? [];
  if (!environments.data && environments.isError)
    return <ErrorState error={environments.error} retry={() => environments.refetch()} />;
  if (!environments.data) return <Waiting />;
  return (
    <Page title="Playground" below="What somebody would get, and why. Nothing is changed, and no application is asked.">
      <Ask
        key={JSON.stringify([search.environments, search.projects, search.context])}
        search={search}
        environments={environments.data.map((each) => each.name)}
        onAsk={(next) => navigate({ to: '/playground', search: next })}
      />
      {left.length > 0 && <p className="hint">Left out, because their values are no texts: {left.join(', ')}.</p>}
      {question.environments.length === 0 ? (
        <EmptyState title="No environment is enabled">Choose one above.</EmptyState>
      ) : played.isError ? (
        <ErrorState error={played.error} retry={() => played.refetch()} />
      ) : !played.data ? (
        <Waiting />
      ) : played.data.features.length === 0 ? (
        <EmptyState title="There is no flag in these projects" />
      ) : (
        <div className={table.scroll}>
          <table className={table.table}>
            <thead>
              <tr>
                <th scope="col">Flag</th>
                {question.environments.map((name) => (
                  <th key={name} scope="col">
                    <EnvChip name={name} type={types.get(name)} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {played.data.features.slice(0, whole ? undefined : FIRST).map((flag) => (
                <Row
                  key={`${flag.projectId}/${flag.name}`}
                  flag={flag}
                  environments={question.environments}
                  open={search.open === flag.name}
                  onOpen={(open) =>
                    navigate({
                      to: '/playground',
                      search: { ...search, open: open ? flag.name : undefined },
                      replace: true,
                    })
                  }
                />
              ))}
            </tbody>
          </table>
          {!whole && played.data.features.length > FIRST && (
            <Button mt="sm" onClick={() => setWhole(true)}>
              Show all {countOf(played.data.features.length)} flags
            </Button>
          )}
        </div>
      )}
    </Page>
  );
}

function Row({
  flag,
  environments,
  open,
  onOpen,
}: {
  flag: Played;
  environments: string[];
  open: boolean;
  onOpen: (open: boolean) => void;
}) {
  return (
    <Fragment>
      <tr>
        <th scope="row">
          <button type="button" className="link" aria-expanded={open} onClick={() => onOpen(!open)}>
            {flag.name}
          </button>
        </th>
        {environments.map((environment) => {
          const answer = answerOf(flag.environments[environment] ?? []);
          return (
            <td key={environment}>
              <span className={answer.on ? styles.on : undefined}>{answer.text}</span>
            </td>
          );
        })}
      </tr>
      {open && (
        <tr>
          <td colSpan={environments.length + 1}>
            <Why flag={flag} environments={environments} />
            <Link
              to="/projects/$projectId/features/$featureName"
              params={{ projectId: flag.projectId, featureName: flag.name }}
              className="link"
            >
              Open the flag
            </Link>
          </td>
        </tr>
      )}
    </Fragment>
  );
}
