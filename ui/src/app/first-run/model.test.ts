import { expect, it } from 'vitest';
import type { RowEvent } from '../../eventlog/model';
import { beginningOf, firstEnvironment } from './model';

it('takes the newest event of each step', () => {
  const events = [
    { id: 4, type: 'feature-environment-disabled' },
    { id: 3, type: 'feature-environment-enabled' },
    { id: 2, type: 'feature-created' },
    { id: 1, type: 'feature-created' },
  ] as RowEvent[];
  const { created, connected, switched } = beginningOf(events);
  expect([created?.id, connected?.id, switched?.id]).toEqual([2, undefined, 3]);
});

const at = (name: string, type: string, enabled = true) => ({ name, type, enabled });

it.each([
  [[at('production', 'production'), at('development', 'development')], 'development'],
  [[at('production', 'production'), at('staging', 'pre-production')], 'staging'],
  [[at('development', 'development', false), at('live', 'production')], 'live'],
  [[], ''],
])('environment %#', (environments, name) => {
  expect(firstEnvironment(environments)).toBe(name);
});
