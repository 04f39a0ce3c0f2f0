import { expect, it } from 'vitest';
import { personOf, policyText, sizeOf } from './model';

it.each([
  [{ keepDays: null, keepEvents: null }, /^Every event stays/],
  [{ keepDays: 90, keepEvents: null }, /stay events of the last 90 days;/],
  [{ keepDays: 1, keepEvents: 1000 }, /last 1 day and the newest 1,000 events;/],
])('%j', (policy, text) => {
  expect(policyText(policy)).toMatch(text);
});

it.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1_500, '1.5 kB'],
  [25_000_000, '25 MB'],
])('%d bytes are %s', (bytes, text) => {
  expect(sizeOf(bytes)).toBe(text);
});

it.each([
  ['12', { userId: 12 }],
  [' #7 ', { userId: 7 }],
  ['old-robot', { name: 'old-robot' }],
])('"%s" is %j', (text, person) => {
  expect(personOf(text)).toEqual(person);
});
