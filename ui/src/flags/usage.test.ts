import { expect, test } from 'vitest';
import { applicationsOf, type Counted, spansOf } from './usage';

const now = Date.parse('2026-11-30T10:20:00Z');
const count = (hour: string, part: Partial<Counted> = {}): Counted => ({
  featureName: 'checkout',
  appName: 'shop',
  environment: 'production',
  timestamp: `2026-11-30T${hour}:00:00.000Z`,
  yes: 2,
  no: 1,
  ...part,
});

test('hours without a request are there, and what applications sent is added up', () => {
  const hours = spansOf([count('10'), count('10', { appName: 'mail' }), count('08')], 'production', 3, now);
  expect(hours.map(({ at, yes, no }) => [at.toISOString().slice(11, 16), yes, no])).toEqual([
    ['08:00', 2, 1],
    ['09:00', 0, 0],
    ['10:00', 4, 2],
  ]);
});

test('longer times are told by the day', () => {
  const days = spansOf([count('00'), count('00', { timestamp: '2026-11-28T00:00:00.000Z' })], 'production', 72, now);
  expect(days.map(({ at, yes }) => [at.toISOString().slice(0, 10), yes])).toEqual([
    ['2026-11-28', 2],
    ['2026-11-29', 0],
    ['2026-11-30', 2],
  ]);
});

test('what is older, and what is of another environment, does not count', () => {
  const hours = spansOf([count('06'), count('10', { environment: 'development' })], 'production', 3, now);
  expect(hours.every(({ yes, no }) => yes + no === 0)).toBe(true);
});

test('the busiest application comes first', () => {
  const counted = [count('09'), count('10', { appName: 'mail', yes: 70 }), count('10')];
  expect(applicationsOf(counted, 'production')).toEqual([
    ['mail', 71],
    ['shop', 6],
  ]);
});
