import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react';
import { queryOptions, useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { ask, client } from '../../api/client';
import { environmentsQuery } from '../../environments/api';
import { Mark } from '../../shared/Mark';
import { countOf, several, timeOf, wholeTime } from '../../shared/time';
import { keep, kept } from './kept';
import { type MarkOnLine, marksOf, SPANS, type TimelineData, ticksOf } from './model';
import styles from './Timeline.module.css';

/** As many as fit beside each other in a wide window. */
const MARKS = 36;
const timelineQuery = (environment: string, span: string) =>
  queryOptions({
    queryKey: ['log', 'timeline', environment, span],
    queryFn: () =>
      ask(client.GET('/api/admin/log/timeline', { params: { query: { environment, span, marks: MARKS } } })),
    refetchInterval: 30_000,
    placeholderData: (old) => old,
  });

/** The key changes of the last hours in one environment, above every page. */
export default function Timeline({ narrow }: { narrow: boolean }) {
  const [state, setState] = useState(kept);
  const environments = useQuery(environmentsQuery).data ?? [];
  const environment =
    environments.find((each) => each.name === state.environment)?.name ??
    environments.find((each) => each.enabled && each.type === 'production')?.name ??
    environments.find((each) => each.enabled)?.name ??
    '';
  const data = useQuery({ ...timelineQuery(environment, state.span), enabled: environment !== '' }).data;
  useEffect(() => keep(state), [state]);
  const at = SPANS.findIndex(([span]) => span === state.span);
  const zoom = (by: number) => {
    const next = SPANS[Math.min(SPANS.length - 1, Math.max(0, at + by))];
    if (next) setState((old) => ({ ...old, span: next[0] }));
  };
  const here = SPANS[at]?.[1] ?? state.span;

  return (
    <section className={styles.timeline} aria-label="Timeline">
      <div className={styles.head}>
        <strong className={styles.total}>{data && countOf(data.total)}</strong>
        <span className="muted">{narrow ? 'changes' : 'key changes in the last'}</span>
        {narrow ? (
          <Choice
            label="Span"
            value={here}
            options={SPANS.map(([, name]) => name)}
            onChange={(name) =>
              setState((old) => ({ ...old, span: SPANS.find((each) => each[1] === name)?.[0] ?? old.span }))
            }
          />
        ) : (
          <Segments
            label="Span"
            value={state.span}
            options={SPANS.map(([span, name]) => [span, name])}
            onChange={(span) => setState((old) => ({ ...old, span }))}
          />
        )}
        {!narrow && <span className="muted">in</span>}
        {narrow || environments.length > 4 ? (
          <Choice
            label="Environment"
            value={environment}
            options={environments.map((each) => each.name)}
            onChange={(name) => setState((old) => ({ ...old, environment: name }))}
          />
        ) : (
          <Segments
            label="Environment"
            value={environment}
            options={environments.map((each) => [each.name, each.name])}
            onChange={(name) => setState((old) => ({ ...old, environment: name }))}
          />
        )}
        <ActionIcon
          className={styles.close}
          aria-label={state.closed ? 'Show the timeline' : 'Hide the timeline'}
          aria-expanded={!state.closed}
          onClick={() => setState((old) => ({ ...old, closed: !old.closed }))}
        >
          {state.closed ? <IconChevronDown size={15} /> : <IconChevronUp size={15} />}
        </ActionIcon>
      </div>
      {!state.closed && (data ? <Line data={data} narrow={narrow} onZoom={zoom} /> : <div className={styles.line} />)}
    </section>
  );
}

function Line({ data, narrow, onZoom }: { data: TimelineData; narrow: boolean; onZoom: (by: number) => void }) {
  const { ref, width } = useElementSize();
  const navigate = useNavigate();
  const marks = useMemo(() => marksOf(data.groups, width || 1000), [data.groups, width]);
  return (
    <div
      ref={ref}
      className={styles.line}
      role="group"
      aria-label="Key changes over time"
      onWheel={(event) => {
        if (event.ctrlKey || Math.abs(event.deltaY) < 30) return;
        onZoom(event.deltaY > 0 ? 1 : -1);
      }}
      onKeyDown={(event) => {
        if (event.key === '+') onZoom(-1);
        else if (event.key === '-') onZoom(1);
        else {
          const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
          const all = [...event.currentTarget.querySelectorAll('button')];
          const next = all[all.indexOf(document.activeElement as HTMLButtonElement) + step];
          if (step) next?.focus();
        }
      }}
    >
      {ticksOf(data.from, data.to, narrow ? 3 : 8).map((tick) => (
        <span key={tick.at} className={styles.tick} style={{ left: `${tick.at}%` }}>
          {tick.label}
        </span>
      ))}
      <span className={styles.now}>now</span>
      {marks.map((mark) => (
        <Tooltip key={mark.from} label={<Told mark={mark} />} events={{ hover: true, focus: true, touch: false }}>
          <button
            type="button"
            className={styles.mark}
            style={{ left: `${mark.at}%` }}
            aria-label={`${timeOf(mark.from)}: ${several(mark.total, 'event')}`}
            onClick={() => navigate({ to: '/history', search: { q: mark.query } })}
          >
            {mark.total > 1 ? countOf(mark.total) : <Mark tone={mark.tone} />}
          </button>
        </Tooltip>
      ))}
    </div>
  );
}

const TOLD = 8;

function Told({ mark }: { mark: MarkOnLine }) {
  const shown = mark.events.slice(0, TOLD);
  return (
    <div className={styles.told}>
      {shown.map((each) => (
        <div key={each.id}>
          {timeOf(each.createdAt)} {each.createdBy}: {each.label} {each.featureName ?? ''}
        </div>
      ))}
      {mark.total > shown.length && <div>and {mark.total - shown.length} more</div>}
      <div>{wholeTime(mark.from)}</div>
    </div>
  );
}

function Segments({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  options: [string, string][];
  onChange: (value: string) => void;
}) {
  return (
    <div className={styles.segments} role="group" aria-label={label}>
      {options.map(([option, name]) => (
        <button key={option} type="button" aria-pressed={option === value} onClick={() => onChange(option)}>
          {name}
        </button>
      ))}
    </div>
  );
}

function Choice({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  options: string[];
  onChange: (value: string) => void;
}) {
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <button type="button" className={styles.choice} aria-label={`${label}: ${value}`}>
          <span className="cut">{value}</span>
          <IconChevronDown size={12} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        {options.map((option) => (
          <Menu.Item key={option} onClick={() => onChange(option)}>
            {option}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
