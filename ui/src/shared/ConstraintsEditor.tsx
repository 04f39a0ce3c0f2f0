import { ActionIcon, Button, Checkbox, Select, TagsInput, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { contextFieldsQuery } from '../context_fields/api';
import styles from './ConstraintsEditor.module.css';
import { type Constraint, OPERATORS, TAKES_MANY } from './constraints';

/** What SDKs know without being told. */
const FIELDS = ['userId', 'appName', 'environment', 'currentTime', 'sessionId', 'remoteAddress'];
const IN_WORDS = /^STR_/;

/** Conditions on the context; all of them have to hold. Values may be pasted, separated by commas or lines. */
export function ConstraintsEditor({
  value,
  onChange,
}: {
  value: Constraint[];
  onChange: (value: Constraint[]) => void;
}) {
  const known = useQuery(contextFieldsQuery).data ?? [];
  const [keys, setKeys] = useState(() => value.map(() => crypto.randomUUID()));
  const put = (at: number, part: Partial<Constraint>) =>
    onChange(value.map((each, index) => (index === at ? { ...each, ...part } : each)));
  return (
    <div className={styles.list}>
      {value.map((constraint, at) => {
        const many = TAKES_MANY.has(constraint.operator);
        const name = `condition ${at + 1}`;
        return (
          <div key={keys[at] ?? at} className={styles.constraint} role="group" aria-label={name}>
            <TextInput
              aria-label={`Field of ${name}`}
              list="context-fields"
              placeholder="Field"
              value={constraint.contextName}
              onChange={(event) => put(at, { contextName: event.currentTarget.value })}
            />
            <Select
              aria-label={`Operator of ${name}`}
              allowDeselect={false}
              data={Object.entries(OPERATORS).map(([operator, label]) => ({ value: operator, label }))}
              value={constraint.operator}
              onChange={(operator) => operator && put(at, { operator: operator as Constraint['operator'] })}
            />
            <ActionIcon
              aria-label={`Remove ${name}`}
              onClick={() => {
                setKeys(keys.filter((_, index) => index !== at));
                onChange(value.filter((_, index) => index !== at));
              }}
            >
              <IconTrash size={15} />
            </ActionIcon>
            <div className={styles.values}>
              {many ? (
                <TagsInput
                  aria-label={`Values of ${name}`}
                  placeholder="Values"
                  data={
                    known.find((each) => each.name === constraint.contextName)?.legalValues.map((each) => each.value) ??
                    []
                  }
                  splitChars={[',', '\n', '\t']}
                  value={constraint.values ?? []}
                  onChange={(values) => put(at, { values })}
                  acceptValueOnBlur
                />
              ) : (
                <TextInput
                  aria-label={`Value of ${name}`}
                  placeholder={placeholder(constraint.operator)}
                  value={constraint.value ?? ''}
                  onChange={(event) => put(at, { value: event.currentTarget.value })}
                />
              )}
            </div>
            <div className={styles.more}>
              <Checkbox
                label="Not"
                checked={constraint.inverted ?? false}
                onChange={(event) => put(at, { inverted: event.currentTarget.checked })}
              />
              {IN_WORDS.test(constraint.operator) && (
                <Checkbox
                  label="Ignore case"
                  checked={constraint.caseInsensitive ?? false}
                  onChange={(event) => put(at, { caseInsensitive: event.currentTarget.checked })}
                />
              )}
            </div>
          </div>
        );
      })}
      <datalist id="context-fields">
        {[...new Set([...FIELDS, ...known.map((each) => each.name)])].map((field) => (
          <option key={field} value={field} />
        ))}
      </datalist>
      <div>
        <Button
          leftSection={<IconPlus size={14} />}
          onClick={() => {
            setKeys([...keys, crypto.randomUUID()]);
            onChange([...value, { contextName: '', operator: 'IN', values: [] }]);
          }}
        >
          Condition
        </Button>
      </div>
    </div>
  );
}

function placeholder(operator: string): string {
  if (operator.startsWith('DATE_')) return '2026-11-30T12:00:00Z';
  if (operator.startsWith('SEMVER_')) return '4.2.0';
  return operator.startsWith('NUM_') ? '18' : 'Value';
}
