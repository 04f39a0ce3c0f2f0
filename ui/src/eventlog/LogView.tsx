import { ActionIcon, Button } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconFilter } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useCallback, useDeferredValue, useMemo, useRef, useState } from 'react';
import { ApiError } from '../api/errors';
import { queryClient } from '../api/query-client';
import { useKeys } from '../app/shortcuts';
import { Page } from '../shared/Page';
import { QueryBar } from '../shared/QueryBar';
import { EmptyState, ErrorState, Waiting } from '../shared/states';
import { countOf, several } from '../shared/time';
import { useAhead } from '../shared/useAhead';
import { countsQuery, eventsQuery } from './api';
import { Bars } from './Bars';
import { ExportMenu } from './ExportMenu';
import { Facets } from './Facets';
import styles from './LogView.module.css';
import { LiveButton, useLive } from './live';
import type { RowEvent } from './model';
import { rangeOf, within, without } from './query';
import { RangeMenu } from './RangeMenu';
import { Rows } from './Rows';
import { SavedSearches } from './SavedSearches';

const EventDetails = lazy(() => import('./EventDetails').then((all) => ({ default: all.EventDetails })));
const Sheet = lazy(() => import('../shared/Sheet'));

/** The event log: all of it, or of one project or flag (`scope`, a query that every other is added to). */
export function LogView({
  title,
  scope,
  hidden,
  above,
}: {
  title: string;
  scope: string;
  /** Fields that the scope has decided. */
  hidden: string[];
  above?: ReactNode;
}) {
  const { q = '', event } = useSearch({ strict: false }) as { q?: string; event?: string };
  const navigate = useNavigate();
  const [chosen, choose] = useAhead(q);
  const setQuery = (next: string) => {
    if (next !== chosen) choose(next);
    navigate({ to: '.', search: (old) => ({ ...old, q: next || undefined, event: undefined }) });
  };
  const setOpen = useCallback(
    (id: number | null) =>
      navigate({ to: '.', search: (old) => ({ ...old, event: id === null ? undefined : String(id) }), replace: true }),
    [navigate],
  );
  const whole = within(scope, q);
  const log = useInfiniteQuery({ ...eventsQuery(whole), placeholderData: (old) => old });
  const counts = useQuery({ ...countsQuery(whole), placeholderData: (old) => old });
  const live = useLive(whole);
  const narrow = useMediaQuery('(max-width: 900px)', window.innerWidth <= 900);
  const [facets, setFacets] = useState(false);
  const bar = useRef<HTMLInputElement>(null);

  const arrived = live.shown;
  const pages = log.data?.pages;
  const known = useMemo(() => joined(arrived, pages ?? []), [arrived, pages]);
  const events = useDeferredValue(known);
  const { fetchNextPage, hasNextPage, isFetchingNextPage } = log;
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  useKeys(
    useMemo(
      () => ({
        '/': () => bar.current?.focus(),
        l: () => live.toggle(),
        f: () => setFacets((open) => !open),
      }),
      [live.toggle],
    ),
  );

  const wanted = event ? Number(event) : null;
  // A link may name an event that is further down, or that the query leaves out: it is shown above the list.
  const pinned = wanted !== null && log.isSuccess && !events.some((each) => each.id === wanted) ? wanted : null;
  // The list and the counts are asked for together: what arrived is new to both, or to neither.
  const news = known.length - (pages ?? []).reduce((sum, page) => sum + page.events.length, 0);
  const total = counts.data && !counts.isPlaceholderData ? counts.data.total.events + news : undefined;
  const side = <Facets scope={scope} q={chosen} hidden={hidden} onChange={setQuery} />;
  return (
    <Page
      title={title}
      wide
      above={above}
      count={total === undefined ? '' : several(total, 'event')}
      actions={
        <>
          <LiveButton live={live} />
          <SavedSearches q={q} onRun={setQuery} />
          <ExportMenu q={whole} total={total} />
        </>
      }
    >
      <div className={styles.query}>
        <QueryBar
          inputRef={bar}
          value={q}
          scope={scope}
          error={log.error ?? counts.error}
          onSubmit={setQuery}
          busy={log.isFetching && !log.isFetchingNextPage}
        />
        <RangeMenu q={q} onChange={setQuery} narrow={narrow} />
        {narrow && (
          <ActionIcon variant="default" size={34} aria-label="Filters" onClick={() => setFacets(true)}>
            <IconFilter size={16} />
          </ActionIcon>
        )}
      </div>
      <div className={styles.body}>
        {narrow ? (
          facets && (
            <Suspense fallback={null}>
              <Sheet title="Filters" onClose={() => setFacets(false)}>
                {side}
              </Sheet>
            </Suspense>
          )
        ) : (
          <aside className={styles.side} aria-label="Filters">
            {side}
          </aside>
        )}
        <div className={styles.column}>
          {counts.data && <Bars counts={counts.data} q={q} onChange={setQuery} />}
          <div className={styles.announce} role="status">
            {live.waiting > 0 && (
              <Button radius="xl" variant="filled" onClick={live.showWaiting}>
                {several(live.waiting, 'new event')}
              </Button>
            )}
            {live.said && <span className="hint">{live.said}</span>}
          </div>
          {log.isError && !log.data ? (
            <Failed error={log.error} retry={() => log.refetch()} />
          ) : log.isPending && log.failureReason instanceof ApiError && log.failureReason.status === 503 ? (
            <EmptyState title="The log cannot be searched yet">{log.failureReason.message}</EmptyState>
          ) : log.isPending || (events.length === 0 && known.length > 0) ? (
            <Waiting rows={14} label="Loading events" />
          ) : events.length === 0 ? (
            <Nothing q={q} scope={scope} onChange={setQuery} />
          ) : (
            <>
              {pinned !== null && (
                <div className={styles.pinned}>
                  <EventDetails id={pinned} onClose={() => setOpen(null)} onChanged={changed} />
                </div>
              )}
              <Rows
                events={events}
                fresh={live.fresh}
                open={wanted}
                onOpen={setOpen}
                onEnd={more}
                ended={!hasNextPage}
                dimmed={log.isPlaceholderData}
                narrow={narrow}
                hideProject={hidden.includes('project')}
                onTop={live.setAtTop}
                onChanged={changed}
              />
            </>
          )}
        </div>
      </div>
    </Page>
  );
}

const changed = () => queryClient.invalidateQueries({ queryKey: ['log'] });

/** The bar above says already what is wrong with a query. */
function Failed({ error, retry }: { error: unknown; retry: () => void }) {
  if (error instanceof ApiError && error.status === 400)
    return <EmptyState title="The query cannot be understood">The line under it says where and why.</EmptyState>;
  return <ErrorState error={error} retry={retry} />;
}

/** What arrived since, and what was there, each once. */
function joined(arrived: RowEvent[], pages: { events: RowEvent[] }[]): RowEvent[] {
  const found = pages.flatMap((page) => page.events);
  if (!arrived.length) return found;
  const known = new Set(found.map((each) => each.id));
  return [...arrived.filter((each) => !known.has(each.id)), ...found];
}

/** Says whether it is the time or the words that leave everything out. */
function Nothing({ q, scope, onChange }: { q: string; scope: string; onChange: (q: string) => void }) {
  const { since, until } = rangeOf(q);
  const timeless = without(q, 'since', 'until');
  const ranged = Boolean(since || until);
  const ever = useQuery({ ...countsQuery(within(scope, timeless), { bucket: 'total' }), enabled: ranged });
  if (!q) return <EmptyState title="Nothing has happened yet">Every change will be listed here.</EmptyState>;
  const others = ever.data?.total.events ?? 0;
  return (
    <EmptyState title="No event matches">
      {ranged && others > 0 ? (
        <>
          It is the time: {countOf(others)} match at other times.{' '}
          <button type="button" className="link" onClick={() => onChange(timeless)}>
            Look at all time
          </button>
        </>
      ) : (
        <>
          It is the words: nothing in the log has ever matched them.{' '}
          <button type="button" className="link" onClick={() => onChange('')}>
            Clear the query
          </button>
        </>
      )}
    </EmptyState>
  );
}
