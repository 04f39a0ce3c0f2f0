import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { eventsQuery } from '../eventlog/api';
import { partsOf } from '../eventlog/model';
import { quoted } from '../eventlog/query';
import { Avatar } from '../shared/Actor';
import { Mark } from '../shared/Mark';
import { When } from '../shared/When';
import styles from './LatestChanges.module.css';

const FIRST = 9;

/** What changed last, whoever did it; the whole of it is one click away. */
export function LatestChanges({ projectId, featureName }: { projectId: string; featureName: string }) {
  const log = useInfiniteQuery({ ...eventsQuery(`flag:${quoted(featureName)}`), refetchInterval: 15_000 });
  const events = log.data?.pages[0]?.events.slice(0, FIRST) ?? [];
  return (
    <aside aria-label="Latest changes">
      <h2 className={styles.title}>Latest changes</h2>
      <ul className={styles.list}>
        {events.map((event) => {
          const parts = partsOf(event);
          return (
            <li key={event.id}>
              <Mark tone={parts.tone} />
              <Link to="/history/$eventId" params={{ eventId: String(event.id) }} className={styles.text}>
                <span className={styles.who}>
                  <Avatar name={event.createdBy} kind={event.actorKind} />
                  {event.createdBy}
                </span>
                <span className="muted">
                  {parts.verb.replace(/ (to|of|from)$/, '')}
                  {event.environment && ` in ${event.environment}`}, <When at={event.createdAt} />
                </span>
              </Link>
            </li>
          );
        })}
      </ul>
      {log.isError && <p className="hint">The log could not be asked.</p>}
      {events.length > 0 && (
        <Link to="/projects/$projectId/features/$featureName/logs" params={{ projectId, featureName }} className="link">
          All of its history
        </Link>
      )}
    </aside>
  );
}
