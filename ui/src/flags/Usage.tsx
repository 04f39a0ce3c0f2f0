import { Select } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { ErrorState, Waiting } from '../shared/states';
import { countOf, dayAndMinute, dayAndMonth } from '../shared/time';
import { type Flag, usageQuery } from './api';
import styles from './Usage.module.css';
import { applicationsOf, bucketOf, spansOf } from './usage';

const SPANS = [
  { value: '24', label: 'the last 24 hours' },
  { value: '48', label: 'the last 48 hours' },
  { value: '168', label: 'the last 7 days' },
  { value: '672', label: 'the last 4 weeks' },
];

/** How often applications asked for a flag, and what they were told: a bar for each hour or day, and the numbers as a table. */
export function Usage({ flag }: { flag: Flag }) {
  const names = flag.environments.map((each) => each.name);
  const busiest = [...flag.environments].sort(
    (one, other) =>
      other.yes + other.no - one.yes - one.no ||
      Number(other.type === 'production') - Number(one.type === 'production'),
  )[0]?.name;
  const [chosen, setChosen] = useState<string | null>(null);
  const [span, setSpan] = useState('24');
  const found = useQuery(usageQuery(flag.name, span));
  const environment = chosen ?? busiest ?? names[0] ?? '';
  const counted = found.data?.data ?? [];
  const hourly = bucketOf(Number(span)) === bucketOf(1);
  const nameOf = hourly ? dayAndMinute : dayAndMonth;
  const spans = spansOf(counted, environment, Number(span));
  const most = Math.max(1, ...spans.map(({ yes, no }) => yes + no));
  const yes = spans.reduce((sum, each) => sum + each.yes, 0);
  const no = spans.reduce((sum, each) => sum + each.no, 0);
  return (
    <section className={styles.usage} aria-labelledby="usage">
      <header className={styles.head}>
        <h2 id="usage">Requests</h2>
        <Select
          aria-label="Environment of the requests"
          allowDeselect={false}
          data={names}
          value={environment}
          onChange={setChosen}
          w={150}
        />
        <Select
          aria-label="Time of the requests"
          allowDeselect={false}
          data={SPANS}
          value={span}
          onChange={(next) => setSpan(next ?? '24')}
          w={160}
        />
        {found.data && yes + no > 0 && (
          <span className="muted">
            {countOf(yes)} yes, {countOf(no)} no
          </span>
        )}
      </header>
      {!found.data && found.isError ? (
        <ErrorState error={found.error} retry={() => found.refetch()} />
      ) : !found.data ? (
        <Waiting rows={3} />
      ) : yes + no === 0 ? (
        <p className="muted">No application has asked for it in {environment} in this time.</p>
      ) : (
        <>
          <div className={styles.bars} aria-hidden>
            {spans.map((each) => (
              <span
                key={each.at.getTime()}
                className={styles.bar}
                title={`${nameOf(each.at)}: ${countOf(each.yes)} yes, ${countOf(each.no)} no`}
              >
                <span className={styles.no} style={{ height: `${(each.no / most) * 100}%` }} />
                <span className={styles.yes} style={{ height: `${(each.yes / most) * 100}%` }} />
              </span>
            ))}
          </div>
          <p className={styles.legend}>
            <span className={styles.yes} /> yes <span className={styles.no} /> no,{' '}
            {hourly ? 'hour by hour' : 'day by day'}; the tallest is {countOf(most)}
          </p>
          <details>
            <summary>Numbers, and who asks</summary>
            <p>
              {applicationsOf(counted, environment)
                .map(([name, count]) => `${name} ${countOf(count)}`)
                .join(', ')}
            </p>
            <table className={styles.table}>
              <thead>
                <tr>
                  <th scope="col">{hourly ? 'Hour' : 'Day'}</th>
                  <th scope="col">Yes</th>
                  <th scope="col">No</th>
                </tr>
              </thead>
              <tbody>
                {spans
                  .filter((each) => each.yes + each.no > 0)
                  .reverse()
                  .map((each) => (
                    <tr key={each.at.getTime()}>
                      <th scope="row">{nameOf(each.at)}</th>
                      <td>{countOf(each.yes)}</td>
                      <td>{countOf(each.no)}</td>
                    </tr>
                  ))}
              </tbody>
            </table>
          </details>
        </>
      )}
    </section>
  );
}
