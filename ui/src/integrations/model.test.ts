import { expect, it } from 'vitest';
import type { Attempt, Provider } from './api';
import { bodyOf, byEvent, health, MASK, problemOf, sentBody, until } from './model';

const provider = {
  name: 'webhook',
  parameters: [
    { name: 'url', displayName: 'URL', required: true, sensitive: true },
    { name: 'contentType', displayName: 'Content-Type', required: false, sensitive: false },
  ],
  events: ['feature-created'],
} as unknown as Provider;

it('begins with all events of its provider, and keeps secrets as they are', () => {
  expect(bodyOf(provider).events).toEqual(['feature-created']);
  const stored = bodyOf(provider, {
    id: 1,
    provider: 'webhook',
    description: null,
    enabled: false,
    parameters: { url: MASK, ordered: 'true' },
    events: ['feature-archived'],
    projects: ['shop'],
    environments: [],
  });
  expect(sentBody(stored)).toMatchObject({
    enabled: false,
    description: null,
    parameters: { url: MASK, ordered: 'true' },
    events: ['feature-archived'],
    projects: ['shop'],
  });
});

it('says what is missing', () => {
  const draft = bodyOf(provider);
  expect(problemOf(draft, provider)).toBe('URL: needed.');
  const filled = { ...draft, parameters: { url: 'https://example.com' } };
  expect(problemOf(filled, provider)).toBeNull();
  expect(problemOf({ ...filled, events: [] }, provider)).toBe('Choose what it is told of.');
});

const attempt = (state: Attempt['state'], createdAt: string, id = 1) =>
  ({ state, createdAt, stateDetails: `${state} at ${createdAt}`, event: { id } }) as unknown as Attempt;

it.each([
  [[], null],
  [[attempt('success', '3')], { failing: false, since: '3', why: 'success at 3' }],
  [
    [attempt('failed', '3'), attempt('failed', '2'), attempt('success', '1')],
    { failing: true, since: '2', why: 'failed at 3' },
  ],
])('health %#', (attempts, expected) => {
  expect(health(attempts)).toEqual(expected);
});

it('puts attempts under their event, the oldest first', () => {
  const found = byEvent([attempt('success', '3', 7), attempt('failed', '2', 8), attempt('failed', '1', 7)]);
  expect(found.get(7)?.map((each) => each.createdAt)).toEqual(['1', '3']);
});

it.each([
  ['2026-01-01T00:00:00Z', 'now'],
  ['2026-01-01T00:01:10Z', 'in 70 s'],
  ['2026-01-01T00:05:00Z', 'in 5 min'],
  ['2026-01-01T04:00:00Z', 'in 4 h'],
])('until %s: %s', (at, expected) => {
  expect(until(at, Date.parse('2026-01-01T00:00:00Z'))).toBe(expected);
});
