import { expect, it } from 'vitest';
import { distance, localMinute } from './what-changed';

it.each([
  [0.4, 'at that moment'],
  [40, '40 s before'],
  [-65, '65 s after'],
  [720, '12 min before'],
  [7_200, '2 h before'],
  [259_200, '3 d before'],
])('%d s is %s', (seconds, text) => expect(distance(seconds)).toBe(text));

it('gives a moment to a field and takes the same back', () => {
  const at = '2026-07-05T03:10:00.000Z';
  expect(new Date(localMinute(at)).toISOString()).toBe(at);
  expect(localMinute('nonsense')).toBe('');
});
