import { Button, Checkbox, Select, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMemo, useRef } from 'react';
import { useKeys } from '../app/shortcuts';
import { countOf } from '../shared/time';
import { useAhead } from '../shared/useAhead';
import { flagTypesQuery, tagsQuery } from './api';
import styles from './Filters.module.css';
import { type FlagSearch, ON_A_PAGE, pageOf } from './model';

const STATES = [
  { value: 'active', label: 'Active' },
  { value: 'potentially-stale', label: 'Potentially stale' },
  { value: 'stale', label: 'Stale' },
];

type Set = (next: FlagSearch) => void;

/** What a list of flags is narrowed to. */
export function Filters({ search, set }: { search: FlagSearch; set: Set }) {
  const field = useRef<HTMLInputElement>(null);
  const [favorites, ahead] = useAhead(search.favorites ?? '');
  const types = useQuery(flagTypesQuery).data ?? [];
  const named = (useQuery(tagsQuery).data ?? []).map((tag) => `${tag.type}:${tag.value}`);
  const tags = named.filter((tag) => !tag.includes(',')); // the search would take it for two
  useKeys(useMemo(() => ({ '/': () => field.current?.focus() }), []));
  const choices = [
    { key: 'type', label: 'Type', data: types.map((type) => ({ value: type.id, label: type.name })) },
    { key: 'tag', label: 'Tag', data: tags.map((tag) => ({ value: tag, label: tag })) },
    { key: 'state', label: 'State', data: STATES },
  ] as const;
  return (
    <search className={styles.filters}>
      <TextInput
        ref={field}
        className={styles.words}
        aria-label="Filter flags"
        placeholder="Part of a name, a description or a tag"
        leftSection={<IconSearch size={14} />}
        value={search.q ?? ''}
        onChange={(event) => set({ q: event.currentTarget.value || undefined })}
      />
      {choices.map(({ key, label, data }) => (
        <Select
          key={key}
          className={styles.choice}
          aria-label={label}
          placeholder={`Any ${label.toLowerCase()}`}
          clearable
          searchable={key === 'tag'}
          clearButtonProps={{ 'aria-label': `Any ${label.toLowerCase()}` }}
          data={data}
          value={search[key] ?? null}
          onChange={(value) => set({ [key]: value ?? undefined })}
        />
      ))}
      <Checkbox
        label="Favourites first"
        checked={favorites === 'first'}
        onChange={({ currentTarget: { checked } }) => {
          ahead(checked ? 'first' : '');
          set({ favorites: checked ? 'first' : undefined });
        }}
      />
    </search>
  );
}

/** Leads to the flags before and after those of the page. */
export function Pages({ search, total, set }: { search: FlagSearch; total: number; set: Set }) {
  const page = pageOf(search);
  const last = Math.ceil(total / ON_A_PAGE);
  if (last <= 1 && page === 1) return null;
  const to = (next: number) => set({ page: next === 1 ? undefined : String(next) });
  const first = (page - 1) * ON_A_PAGE;
  return (
    <nav className={styles.pages} aria-label="Pages">
      {first < total && `${countOf(first + 1)} to ${countOf(Math.min(first + ON_A_PAGE, total))} of ${countOf(total)}`}
      <Button disabled={page === 1} onClick={() => to(Math.min(page - 1, Math.max(1, last)))}>
        Previous
      </Button>
      <Button disabled={page >= last} onClick={() => to(page + 1)}>
        Next
      </Button>
    </nav>
  );
}
