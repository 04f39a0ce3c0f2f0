import { ActionIcon, Autocomplete, Button, MultiSelect, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { contextFieldsQuery } from '../context_fields/api';
import { projectsQuery } from '../projects/api';
import { contextText, fieldsOf, listOf, type PlaygroundSearch } from './model';
import styles from './Playground.module.css';

/** Who asks, and where: the context as rows, environments and projects. */
export function Ask({
  search,
  environments,
  onAsk,
}: {
  search: PlaygroundSearch;
  environments: string[];
  onAsk: (search: PlaygroundSearch) => void;
}) {
  const projects = useQuery(projectsQuery).data ?? [];
  const names = (useQuery(contextFieldsQuery).data ?? []).map((field) => field.name);
  const [where, setWhere] = useState(listOf(search.environments));
  const [of, setOf] = useState(listOf(search.projects));
  const [rows, setRows] = useState<[string, string][]>(search.context ? fieldsOf(search.context) : [['userId', '']]);
  const put = (at: number, row: [string, string]) => setRows(rows.map((old, each) => (each === at ? row : old)));
  const fields = rows
    .map(([name, value]): [string, string] => [name.trim(), value])
    .filter(([name, value]) => name && value);
  const twice = new Set(fields.map(([name]) => name)).size < fields.length;
  return (
    <form
      className={styles.form}
      onSubmit={(event) => {
        event.preventDefault();
        onAsk({
          environments: where.join(',') || undefined,
          projects: of.join(',') || undefined,
          context: contextText(fields),
          open: search.open,
        });
      }}
    >
      <div className={styles.row}>
        <MultiSelect
          label="Environments"
          placeholder={where.length ? '' : 'All'}
          data={environments}
          value={where}
          onChange={setWhere}
        />
        <MultiSelect
          label="Projects"
          placeholder={of.length ? '' : 'All'}
          searchable
          data={projects.map((project) => ({ value: project.id, label: project.name }))}
          value={of}
          onChange={setOf}
        />
      </div>
      {rows.map(([name, value], at) => (
        <div key={at} className={styles.row}>
          <Autocomplete
            aria-label={`Field ${at + 1}`}
            placeholder="Field"
            data={names}
            value={name}
            onChange={(next) => put(at, [next, value])}
          />
          <TextInput
            aria-label={`Value of ${name || `field ${at + 1}`}`}
            placeholder="Value; commas separate several"
            value={value}
            onChange={(event) => put(at, [name, event.currentTarget.value])}
          />
          <ActionIcon
            aria-label={`Remove ${name || `field ${at + 1}`}`}
            onClick={() => setRows(rows.filter((_, each) => each !== at))}
          >
            <IconX size={14} />
          </ActionIcon>
        </div>
      ))}
      {twice && (
        <p className="hint" role="alert">
          A field stands there twice. Several values of one field are separated by commas.
        </p>
      )}
      <div>
        <Button
          variant="subtle"
          color="gray"
          leftSection={<IconPlus size={14} />}
          onClick={() => setRows([...rows, ['', '']])}
        >
          Context field
        </Button>{' '}
        <Button type="submit" variant="filled" disabled={twice}>
          Evaluate
        </Button>
      </div>
    </form>
  );
}
