import { Checkbox } from '@mantine/core';
import { IconChevronDown, IconChevronUp } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { Chip, EnvChip } from '../shared/Chip';
import { Star } from '../shared/Star';
import table from '../shared/table.module.css';
import { When } from '../shared/When';
import { type ListedFlag, setFavorite } from './api';
import { FlagSwitch } from './FlagSwitch';
import styles from './FlagTable.module.css';
import { type FlagSearch, sortedBy } from './model';

/** Flags with a switch for each environment. */
export function FlagTable({
  flags,
  showProject,
  picked,
  onPick,
  search,
  onSort,
}: {
  flags: ListedFlag[];
  showProject: boolean;
  picked: ReadonlySet<string>;
  onPick: (names: ReadonlySet<string>) => void;
  search: FlagSearch;
  onSort: (next: Pick<FlagSearch, 'sort' | 'order'>) => void;
}) {
  const environments = environmentsOf(flags);
  const sorting = { search, onSort };
  const all = flags.every((flag) => picked.has(flag.name));
  return (
    <div className={table.scroll}>
      <table className={`${table.table} ${styles.table}`}>
        <thead>
          <tr>
            <th scope="col" className={styles.pick}>
              <Checkbox
                aria-label="Choose all flags"
                checked={all}
                indeterminate={!all && picked.size > 0}
                onChange={() => onPick(new Set(all ? [] : flags.map((flag) => flag.name)))}
              />
            </th>
            <Sorted {...sorting} by="name">
              Name
            </Sorted>
            {showProject && (
              <Sorted {...sorting} by="project" aside>
                Project
              </Sorted>
            )}
            <Sorted {...sorting} by="type" aside>
              Type
            </Sorted>
            <Sorted {...sorting} by="createdAt" aside>
              Created
            </Sorted>
            <Sorted {...sorting} by="lastSeenAt" aside>
              Last seen
            </Sorted>
            {environments.map((environment) => (
              <Sorted {...sorting} key={environment.name} by={`environment:${environment.name}`}>
                <EnvChip name={environment.name} type={environment.type} />
              </Sorted>
            ))}
          </tr>
        </thead>
        <tbody>
          {flags.map((flag) => (
            <tr key={flag.name}>
              <td>
                <Checkbox
                  aria-label={`Choose ${flag.name}`}
                  checked={picked.has(flag.name)}
                  onChange={() => {
                    const next = new Set(picked);
                    if (!next.delete(flag.name)) next.add(flag.name);
                    onPick(next);
                  }}
                />
              </td>
              <th scope="row" className={styles.name}>
                <Star
                  name={flag.name}
                  slice="flags"
                  favorite={flag.favorite}
                  set={(favorite) => setFavorite(flag, favorite)}
                />
                <Link
                  to="/projects/$projectId/features/$featureName"
                  params={{ projectId: flag.project, featureName: flag.name }}
                >
                  {flag.name}
                </Link>
                {flag.stale && <Chip tone="warning">stale</Chip>}
                {flag.tags?.map((tag) => (
                  <Chip key={`${tag.type}:${tag.value}`} tone="outline">
                    {tag.type}:{tag.value}
                  </Chip>
                ))}
                {flag.description && <div className={styles.description}>{flag.description}</div>}
              </th>
              {showProject && (
                <td className={styles.aside}>
                  <Link to="/projects/$projectId" params={{ projectId: flag.project }}>
                    {flag.project}
                  </Link>
                </td>
              )}
              <td className={styles.aside}>{flag.type}</td>
              <td className={styles.aside}>
                <When at={flag.createdAt} />
              </td>
              <td className={styles.aside}>{lastSeen(flag)}</td>
              {environments.map(({ name }) => {
                const environment = flag.environments.find((each) => each.name === name);
                return (
                  <td key={name}>
                    {environment && (
                      <FlagSwitch
                        place={{ projectId: flag.project, featureName: flag.name, environment: name }}
                        environment={environment}
                      />
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The heading of a column that sorts the list. */
function Sorted({
  by,
  aside = false,
  search,
  onSort,
  children,
}: {
  by: string;
  aside?: boolean;
  search: FlagSearch;
  onSort: (next: Pick<FlagSearch, 'sort' | 'order'>) => void;
  children: ReactNode;
}) {
  const active = (search.sort ?? 'name') === by;
  const down = search.order === 'desc';
  const Icon = down ? IconChevronDown : IconChevronUp;
  return (
    <th
      scope="col"
      className={aside ? styles.aside : undefined}
      aria-sort={active ? (down ? 'descending' : 'ascending') : undefined}
    >
      <button type="button" className={styles.sort} onClick={() => onSort(sortedBy(search, by))}>
        {children}
        {active && <Icon size={13} aria-hidden />}
      </button>
    </th>
  );
}

function lastSeen(flag: ListedFlag) {
  const moments = flag.environments.map((each) => each.lastSeenAt).filter((each) => each !== null);
  const last = moments.sort().at(-1);
  return last ? <When at={last} /> : 'never';
}

/** The environments that any of the flags has, in their order. */
function environmentsOf(flags: ListedFlag[]) {
  const found = new Map(flags.flatMap((flag) => flag.environments.map((each) => [each.name, each] as const)));
  return [...found.values()].sort(
    (one, other) => one.sortOrder - other.sortOrder || one.name.localeCompare(other.name),
  );
}
