import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { ErrorState, Waiting } from './states';
import styles from './Uses.module.css';

/** A strategy that uses something. */
export interface Use {
  id: string;
  projectId: string;
  featureName: string;
  environment?: string | null;
  strategyName: string;
}

/** The strategies that use something: it can be deleted when there is none. */
export function Uses({
  question,
  none,
  told,
}: {
  question: { data: Use[] | undefined; isError: boolean; error: unknown; refetch: () => unknown };
  /** Said when there is none. */
  none: string;
  /** What their number means. */
  told?: (count: number) => ReactNode;
}) {
  const { data } = question;
  return (
    <section aria-labelledby="uses" className={styles.uses}>
      <h2 id="uses">Where it is used</h2>
      {question.isError ? (
        <ErrorState error={question.error} retry={() => question.refetch()} />
      ) : !data ? (
        <Waiting rows={2} />
      ) : data.length === 0 ? (
        <p className="muted">{none}</p>
      ) : (
        <>
          {told && <p className="muted">{told(data.length)}</p>}
          <ul>
            {data.map((each) => (
              <li key={each.id}>
                <Link
                  to="/projects/$projectId/features/$featureName"
                  params={{ projectId: each.projectId, featureName: each.featureName }}
                >
                  {each.featureName}
                </Link>{' '}
                <span className="muted">
                  in {each.environment}, {each.strategyName}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}
