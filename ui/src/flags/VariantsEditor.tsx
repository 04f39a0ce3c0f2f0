import { ActionIcon, Button, Checkbox, NumberInput, Select, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { Variant } from './api';
import { shared } from './model';
import styles from './VariantsEditor.module.css';

const KINDS = ['none', 'string', 'json', 'csv', 'number'];

/** What users get: variants, each with a share and a payload. Shares that are not fixed divide the rest evenly. */
export function VariantsEditor({ value, onChange }: { value: Variant[]; onChange: (value: Variant[]) => void }) {
  const [keys, setKeys] = useState(() => value.map(() => crypto.randomUUID()));
  const put = (at: number, part: Partial<Variant>) =>
    onChange(shared(value.map((each, index) => (index === at ? { ...each, ...part } : each))));
  return (
    <div className={styles.list}>
      {value.length === 0 && <span className="hint">Just on. With variants, each user gets one of them.</span>}
      {value.map((variant, at) => {
        const name = variant.name || `variant ${at + 1}`;
        return (
          <div key={keys[at] ?? at} className={styles.variant} role="group" aria-label={name}>
            <TextInput
              aria-label={`Name of ${name}`}
              placeholder="Name"
              value={variant.name}
              onChange={(event) => put(at, { name: event.currentTarget.value })}
            />
            <NumberInput
              aria-label={`Share of ${name}`}
              suffix=" %"
              min={0}
              max={100}
              decimalScale={1}
              disabled={variant.weightType !== 'fix'}
              value={variant.weight / 10}
              onChange={(share) => put(at, { weight: Math.round(Number(share) * 10) })}
            />
            <Checkbox
              label="Fixed"
              checked={variant.weightType === 'fix'}
              onChange={(event) => put(at, { weightType: event.currentTarget.checked ? 'fix' : 'variable' })}
            />
            <ActionIcon
              aria-label={`Remove ${name}`}
              onClick={() => {
                setKeys(keys.filter((_, index) => index !== at));
                onChange(shared(value.filter((_, index) => index !== at)));
              }}
            >
              <IconTrash size={15} />
            </ActionIcon>
            <Select
              aria-label={`Kind of payload of ${name}`}
              allowDeselect={false}
              data={KINDS.map((kind) => ({ value: kind, label: kind === 'none' ? 'no payload' : kind }))}
              value={variant.payload?.type ?? 'none'}
              onChange={(type) =>
                put(at, {
                  payload:
                    !type || type === 'none'
                      ? null
                      : ({ type, value: variant.payload?.value ?? '' } as Variant['payload']),
                })
              }
            />
            {variant.payload && (
              <div className={styles.payload}>
                <TextInput
                  aria-label={`Payload of ${name}`}
                  classNames={{ input: 'mono' }}
                  value={variant.payload.value}
                  onChange={(event) =>
                    put(at, { payload: { ...variant.payload, value: event.currentTarget.value } as Variant['payload'] })
                  }
                />
              </div>
            )}
          </div>
        );
      })}
      <div>
        <Button
          leftSection={<IconPlus size={14} />}
          onClick={() => {
            setKeys([...keys, crypto.randomUUID()]);
            const stickiness = value[0]?.stickiness ?? 'default';
            onChange(shared([...value, { name: '', weight: 0, weightType: 'variable', stickiness, payload: null }]));
          }}
        >
          Variant
        </Button>
      </div>
    </div>
  );
}
