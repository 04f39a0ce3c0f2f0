import { Button } from '@mantine/core';
import { IconHistory, IconPrinter } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { queryClient } from '../api/query-client';
import { LinkButton } from '../shared/LinkButton';
import { Page } from '../shared/Page';
import { ErrorState, Waiting } from '../shared/states';
import { eventQuery } from './api';
import { EventDetails } from './EventDetails';
import styles from './EventPage.module.css';
import { headingOf } from './model';

/** One event: the page that one sends to a colleague, prints, and cites. */
export function EventPage() {
  const { eventId } = useParams({ from: '/shell/history/$eventId' });
  const id = Number(eventId);
  const page = useQuery(eventQuery(id));
  if (!page.data && page.isError) return <ErrorState error={page.error} retry={() => page.refetch()} />;
  if (!page.data) return <Waiting />;
  const { event, parts, group, neighbours } = page.data;
  return (
    <Page
      title={headingOf({ ...event, parts })}
      above={
        <>
          <Link to="/history">Event log</Link> / #{event.id}
        </>
      }
      actions={
        <>
          <LinkButton
            to={`/what-changed?at=${encodeURIComponent(event.createdAt)}`}
            leftSection={<IconHistory size={15} />}
          >
            What changed around it
          </LinkButton>
          <Button leftSection={<IconPrinter size={15} />} onClick={() => window.print()}>
            Print
          </Button>
        </>
      }
    >
      <div className={styles.event}>
        <EventDetails id={id} onChanged={() => queryClient.invalidateQueries({ queryKey: ['log'] })} />
      </div>
      {group && group.others.length > 0 && <Mentions title="Of the same request" events={group.others} />}
      <Mentions
        title={`Before it, of ${neighbours.of.replaceAll('/', ' ')}`}
        events={neighbours.previous ? [neighbours.previous] : []}
      />
      <Mentions
        title={`After it, of ${neighbours.of.replaceAll('/', ' ')}`}
        events={neighbours.next ? [neighbours.next] : []}
      />
    </Page>
  );
}

interface Mention {
  id: number;
  label: string;
  createdBy: string;
  environment: string | null;
  featureName: string | null;
}

function Mentions({ title, events }: { title: string; events: Mention[] }) {
  if (!events.length) return null;
  return (
    <section className={styles.mentions}>
      <h2>{title}</h2>
      <ul>
        {events.map((each) => (
          <li key={each.id}>
            <Link to="/history/$eventId" params={{ eventId: String(each.id) }}>
              #{each.id} {each.label} {each.featureName ?? ''} {each.environment && `in ${each.environment}`} by{' '}
              {each.createdBy}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
