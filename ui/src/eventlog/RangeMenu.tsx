import { Button, Menu, TextInput } from '@mantine/core';
import { IconCalendar, IconChevronDown } from '@tabler/icons-react';
import { useState } from 'react';
import { rangeOf, withRange } from './query';

const RANGES: [string, string][] = [
  ['30m', 'Last 30 minutes'],
  ['1h', 'Last hour'],
  ['24h', 'Last 24 hours'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
  ['365d', 'Last year'],
  ['', 'All time'],
];

/** How the range of a query is called. */
export function rangeName(q: string): string {
  const { since, until } = rangeOf(q);
  if (!until) {
    const known = RANGES.find(([value]) => value === since);
    if (known) return known[1];
  }
  const short = (moment: string) => moment.replace(/T(\d\d:\d\d).*/, ' $1');
  return [since && `from ${short(since)}`, until && `until ${short(until)}`].filter(Boolean).join(' ');
}

/** The time that the query is about: always to be seen, all of it unless one chooses. */
export function RangeMenu({ q, onChange, narrow }: { q: string; onChange: (q: string) => void; narrow: boolean }) {
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const utc = (local: string) => (local ? new Date(local).toISOString() : '');
  return (
    <Menu width={260} closeOnItemClick>
      <Menu.Target>
        <Button
          h={34}
          leftSection={<IconCalendar size={15} />}
          rightSection={narrow ? undefined : <IconChevronDown size={14} />}
          aria-label={narrow ? `Time: ${rangeName(q)}` : undefined}
          styles={narrow ? { section: { margin: 0 } } : undefined}
        >
          {narrow ? '' : rangeName(q)}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {RANGES.map(([since, name]) => (
          <Menu.Item key={name} onClick={() => onChange(withRange(q, { since, until: '' }))}>
            {name}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <form
          style={{ padding: 8 }}
          onSubmit={(event) => {
            event.preventDefault();
            onChange(withRange(q, { since: utc(from), until: utc(to) }));
          }}
        >
          <TextInput
            type="datetime-local"
            label="From"
            value={from}
            onChange={(event) => setFrom(event.currentTarget.value)}
          />
          <TextInput
            type="datetime-local"
            label="Until"
            mt="xs"
            value={to}
            onChange={(event) => setTo(event.currentTarget.value)}
          />
          <Button type="submit" fullWidth mt="sm" disabled={!from && !to}>
            Show this time
          </Button>
        </form>
      </Menu.Dropdown>
    </Menu>
  );
}
