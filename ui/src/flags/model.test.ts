import { describe, expect, it } from 'vitest';
import { textOf } from '../shared/sentence';
import type { FlagQuestion, StrategyDraft } from './api';
import {
  aboutOneIn,
  cleaned,
  dependencySentence,
  type FlagSearch,
  moved,
  newStrategy,
  openable,
  problemOf,
  questionOf,
  shared,
  sortedBy,
  strategySentence,
} from './model';

const sentence = (part: Partial<StrategyDraft>, segments?: Map<number, string>) =>
  textOf(strategySentence({ ...newStrategy('f'), ...part }, segments));

describe('a strategy as a sentence', () => {
  it.each<[Partial<StrategyDraft>, string]>([
    [{}, 'On for everybody.'],
    [{ parameters: { rollout: '0' } }, 'On for nobody.'],
    [
      { parameters: { rollout: '25', stickiness: 'userId' } },
      'On for 25 % of users; a user keeps the answer, by userId.',
    ],
    [{ parameters: { rollout: '5', stickiness: 'random' } }, 'On for 5 % of requests; each request is drawn anew.'],
    [
      {
        constraints: [
          { contextName: 'country', operator: 'IN', values: ['SE', 'NO'] },
          { contextName: 'appVersion', operator: 'SEMVER_GT', value: '4.2.0' },
        ],
      },
      'On for everybody whose country is one of SE NO  and whose appVersion is newer than 4.2.0.',
    ],
    [{ segments: [7] }, 'On for everybody in segment beta.'],
    [{ name: 'userWithId', parameters: { userIds: '1,2' } }, 'On for whom userWithId chooses by userIds 1,2.'],
  ])('%j', (part, text) => {
    expect(sentence(part, new Map([[7, 'beta']]))).toBe(text);
  });
});

it('makes percentages felt', () => {
  expect([0, 25, 33, 75, 100].map(aboutOneIn)).toEqual([
    'nobody',
    'about 1 in 4',
    'about 1 in 3',
    'all but about 1 in 4',
    'everybody',
  ]);
});

it('shares the rest among variants that are not fixed, to the last thousandth', () => {
  const free = { name: '', weight: 0, weightType: 'variable' as const };
  expect(shared([free, free, free]).map((each) => each.weight)).toEqual([333, 334, 333]);
  expect(shared([{ ...free, weight: 400, weightType: 'fix' }, free]).map((each) => each.weight)).toEqual([400, 600]);
});

it('says what stops a draft', () => {
  const draft = newStrategy('f');
  expect(problemOf(draft)).toBeNull();
  expect(problemOf({ ...draft, constraints: [{ contextName: '', operator: 'IN', values: ['a'] }] })).toContain(
    'no field',
  );
  expect(problemOf({ ...draft, constraints: [{ contextName: 'x', operator: 'IN', values: [] }] })).toContain(
    'no value',
  );
  expect(
    problemOf({
      ...draft,
      variants: [
        { name: 'a', weight: 1 },
        { name: 'a', weight: 1 },
      ],
    }),
  ).toContain('same name');
});

it('sends a value or values, as the operator takes them', () => {
  const constraints = [
    { contextName: 'x', operator: 'NUM_GT' as const, values: ['left over'], value: '3' },
    { contextName: 'y', operator: 'IN' as const, values: ['a'], value: 'left over' },
  ];
  expect(cleaned({ ...newStrategy('f'), constraints }).constraints).toEqual([
    { contextName: 'x', operator: 'NUM_GT', values: [], value: '3' },
    { contextName: 'y', operator: 'IN', values: ['a'], value: undefined },
  ]);
});

it('moves an item to its new place', () => {
  expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a']);
});

it.each<[boolean, string[], string]>([
  [true, [], 'Only where pay is on'],
  [false, [], 'Only where pay is off'],
  [true, ['red'], 'Only where pay gives red '],
  [true, ['red', 'blue'], 'Only where pay gives one of red blue '],
])('says what a parent must do: %s %j', (enabled, variants, text) => {
  expect(textOf(dependencySentence({ feature: 'pay', enabled, variants }))).toBe(text);
});

it('opens only what a browser may follow', () => {
  const bad = ['javascript:alert(1)', ' JavaScript:alert(1)', 'data:text/html,x', 'ftp://a', '//a', 'a'];
  expect(bad.map(openable)).toEqual(bad.map(() => null));
  expect(openable('https://example.com/a?b#c')).toBe('https://example.com/a?b#c');
});

it.each<[FlagSearch, string | undefined, FlagQuestion]>([
  [{}, undefined, { sortBy: 'name', sortOrder: 'asc', limit: '50', offset: '0' }],
  [
    { q: ' a, b ', type: 'release', tag: 'simple:x', state: 'stale', favorites: 'first', page: '3' },
    'default',
    {
      query: 'a  b',
      project: 'IS:default',
      type: 'IS:release',
      tag: 'INCLUDE:simple:x',
      state: 'IS:stale',
      favoritesFirst: 'true',
      sortBy: 'name',
      sortOrder: 'asc',
      limit: '50',
      offset: '100',
    },
  ],
  [
    { q: ',', sort: 'environment:production', order: 'desc', page: '-1' },
    undefined,
    { sortBy: 'environment:production', sortOrder: 'desc', limit: '50', offset: '0' },
  ],
])('asks the server for what the address says: %j', (search, project, question) => {
  expect(questionOf(search, project)).toEqual(question);
});

it('sorts by a column, and then the other way round', () => {
  expect(sortedBy({}, 'name')).toEqual({ sort: 'name', order: 'desc' });
  expect(sortedBy({ sort: 'type', order: 'desc' }, 'type')).toEqual({ sort: 'type', order: undefined });
  expect(sortedBy({ sort: 'type' }, 'createdAt')).toEqual({ sort: 'createdAt', order: undefined });
});
