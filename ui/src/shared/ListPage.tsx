import { TextInput } from '@mantine/core';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Page } from './Page';
import { EmptyState, ErrorState, Waiting } from './states';
import styles from './table.module.css';
import { several } from './time';

/** What a list asks the server for: as much of an answer of TanStack Query as its frame needs. */
interface Question {
  isError: boolean;
  error: unknown;
  refetch: () => unknown;
}

/** Words that narrow the list, where the server looks for them. */
interface Asked {
  words: string;
  onChange: (words: string) => void;
}

/** A column's heading; `more` is named only for those who cannot see that buttons stand there. */
export type Column = string | { name: string; number: true };

/** A page that lists things: heading with their number, filter, table; and what stands there while there is none. */
export function ListPage<Row>({
  title,
  noun,
  nouns = `${noun}s`,
  above,
  below,
  actions,
  before,
  question,
  rows,
  total,
  columns,
  row,
  text,
  asked,
  look = 'Filter by name',
  empty,
  refused,
  children,
}: {
  title: string;
  /** What one of them is called: `segment`. */
  noun: string;
  /** What several are called, where that is not the same with an s. */
  nouns?: string;
  /** Where it is: links to what contains it. */
  above?: ReactNode;
  below?: ReactNode;
  actions?: ReactNode;
  /** What is to be seen before the list. */
  before?: ReactNode;
  question: Question;
  /** Undefined until the server has answered. */
  rows: Row[] | undefined;
  /** How many there are, where the list holds only the first of them. */
  total?: number | undefined;
  columns: Column[];
  /** A `<tr>` with a key. */
  row: (each: Row) => ReactNode;
  /** What the words of the filter are looked for in. Without it and `asked` there is no filter. */
  text?: (each: Row) => string;
  asked?: Asked;
  /** What stands in the empty filter. */
  look?: string;
  /** What to do while there is none at all. */
  empty?: ReactNode;
  /** Why the reader may not see the list: nothing else is shown then. */
  refused?: ReactNode;
  /** What follows the table, and dialogs. */
  children?: ReactNode;
}) {
  const [typed, setTyped] = useState('');
  const words = asked?.words ?? typed;
  const found = text ? rows?.filter((each) => text(each).toLowerCase().includes(words.toLowerCase())) : rows;
  if (refused)
    return (
      <Page title={title} above={above}>
        <EmptyState title={`You may not see ${nouns}`}>{refused}</EmptyState>
      </Page>
    );
  return (
    <Page
      title={title}
      above={above}
      count={rows && several(total ?? rows.length, noun, nouns)}
      below={below}
      actions={question.isError && !rows ? undefined : actions}
    >
      {before}
      {(text || asked) && rows && (
        <TextInput
          aria-label={`Filter ${nouns}`}
          placeholder={look}
          value={words}
          onChange={(event) => (asked?.onChange ?? setTyped)(event.currentTarget.value)}
          maw={320}
          mb="md"
        />
      )}
      {!found ? (
        question.isError ? (
          <ErrorState error={question.error} retry={() => question.refetch()} />
        ) : (
          <Waiting label={`Loading ${nouns}`} />
        )
      ) : found.length === 0 ? (
        <EmptyState title={words ? `No ${noun} matches "${words}"` : `There is no ${noun} yet`}>
          {words ? '' : empty}
        </EmptyState>
      ) : (
        <Table columns={columns}>{found.map(row)}</Table>
      )}
      {children}
    </Page>
  );
}

/** A table that scrolls sideways where it does not fit; then the keyboard can reach it. */
export function Table({ columns, children }: { columns: Column[]; children: ReactNode }) {
  const frame = useRef<HTMLDivElement>(null);
  const [scrolls, setScrolls] = useState(false);
  useEffect(() => {
    const found = frame.current;
    if (!found) return;
    const watch = new ResizeObserver(() => setScrolls(found.scrollWidth > found.clientWidth));
    watch.observe(found);
    if (found.firstElementChild) watch.observe(found.firstElementChild);
    return () => watch.disconnect();
  }, []);
  return (
    <div
      ref={frame}
      className={styles.scroll}
      {...(scrolls ? { role: 'region', 'aria-label': 'A table that scrolls sideways', tabIndex: 0 } : {})}
    >
      <table className={styles.table}>
        <thead>
          <tr>
            {columns.map((column) => {
              const name = typeof column === 'string' ? column : column.name;
              return (
                <th key={name} scope="col" className={typeof column === 'string' ? undefined : styles.number}>
                  {name === 'more' ? <span className="hidden">More</span> : name}
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  );
}
