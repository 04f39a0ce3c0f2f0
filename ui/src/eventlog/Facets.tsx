import { useQuery } from '@tanstack/react-query';
import { memo } from 'react';
import { countOf } from '../shared/time';
import { type Counts, countsQuery } from './api';
import styles from './Facets.module.css';
import { toggled, valuesOf, within, without, withValues } from './query';
import { useTypeLabels } from './types';

interface Facet {
  /** In the query. */
  field: string;
  /** In the counts. */
  by: string;
  title: string;
  first: number;
}

const FACETS: Facet[] = [
  { field: 'env', by: 'environment', title: 'Environment', first: 6 },
  { field: 'type', by: 'type', title: 'What happened', first: 9 },
  { field: 'by', by: 'actor', title: 'Who', first: 7 },
  { field: 'project', by: 'project', title: 'Project', first: 7 },
];

/** What the events of a query are about, with counts; a click edits the query. */
export const Facets = memo(function Facets({
  scope,
  q,
  hidden,
  onChange,
}: {
  scope: string;
  q: string;
  hidden: string[];
  onChange: (q: string) => void;
}) {
  const shown = FACETS.filter((facet) => !hidden.includes(facet.field));
  const by = shown.map((facet) => facet.by).join(',');
  const counts = useQuery({
    ...countsQuery(within(scope, q), { by, bucket: 'total', facets: true }),
    placeholderData: (old) => old,
  }).data;
  return shown.map((facet) => <OneFacet key={facet.field} facet={facet} counts={counts} q={q} onChange={onChange} />);
});

function OneFacet({
  facet,
  counts,
  q,
  onChange,
}: {
  facet: Facet;
  counts: Counts | undefined;
  q: string;
  onChange: (q: string) => void;
}) {
  const { field, by, title, first } = facet;
  const labels = useTypeLabels();
  const chosen = valuesOf(q, field);
  const excluded = valuesOf(q, field, true);
  const found = new Map((counts?.by[by]?.values ?? []).map((each) => [each.value ?? '', each.events]));
  const shown = [...found.keys()].filter((value) => value !== '').slice(0, first);
  const values = [...new Set([...shown, ...chosen, ...excluded])];
  if (!values.length) return null;
  return (
    <fieldset className={styles.facet}>
      <legend className={styles.title}>{title}</legend>
      {(chosen.length > 0 || excluded.length > 0) && (
        <button type="button" className={`link ${styles.clear}`} onClick={() => onChange(without(q, field))}>
          Clear<span className="hidden"> {title}</span>
        </button>
      )}
      {values.map((value) => {
        const out = excluded.includes(value);
        const name = field === 'type' ? (labels.get(value) ?? value) : value === '*' ? 'all of them (*)' : value;
        return (
          <div key={value} className={styles.value}>
            <label className={styles.box} title={name}>
              <input
                type="checkbox"
                checked={chosen.includes(value)}
                onChange={() => onChange(toggled(q, field, value))}
              />
              <span className={`cut ${out ? styles.out : ''}`}>{name}</span>
            </label>
            <span className={styles.acts}>
              <button type="button" className="link" onClick={() => onChange(withValues(q, field, [value]))}>
                only<span className="hidden"> {name}</span>
              </button>
              <button type="button" className="link" onClick={() => onChange(toggled(q, field, value, true))}>
                {out ? 'allow' : 'not'}
                <span className="hidden"> {name}</span>
              </button>
            </span>
            <span className={styles.count}>{countOf(found.get(value) ?? 0)}</span>
          </div>
        );
      })}
    </fieldset>
  );
}
