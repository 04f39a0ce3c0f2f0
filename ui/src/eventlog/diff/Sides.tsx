import type { LogEvent } from '../model';
import styles from './Sides.module.css';
import { type SideLine, sidesOf } from './side-lines';

/** What it was and what it is, line by line beside each other. */
export function Sides({ event }: { event: LogEvent }) {
  const [before, after] = sidesOf(event.preData, event.data);
  return (
    <div className={styles.sides}>
      <Side title="Before" lines={before} empty="There was nothing before." />
      <Side title="After" lines={after} empty="There is nothing after it." />
    </div>
  );
}

function Side({ title, lines, empty }: { title: string; lines: SideLine[]; empty: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be reached by key
    <section className={styles.side} aria-label={title} tabIndex={0}>
      <h3>{title}</h3>
      {lines.length === 0 ? (
        <p className="muted">{empty}</p>
      ) : (
        <pre>
          {lines.map((line, at) => (
            <span key={at} className={line.differs ? (title === 'Before' ? styles.gone : styles.came) : undefined}>
              {line.text}
              {'\n'}
            </span>
          ))}
        </pre>
      )}
    </section>
  );
}
