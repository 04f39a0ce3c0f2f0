import { describe, expect, it } from 'vitest';
import { textOf } from '../shared/sentence';
import type { PlayedFlag, PlayedStrategy } from './api';
import { answerOf, contextText, partsOf, questionOf } from './model';

it('asks for what the address says', () => {
  const context = contextText([
    ['userId', '7'],
    ['plan', 'gold & more=1'],
  ]);
  expect(questionOf({ environments: 'a,b', projects: 'x', context }, ['all'])).toEqual({
    environments: ['a', 'b'],
    projects: ['x'],
    context: { appName: 'playground', userId: '7', properties: { plan: 'gold & more=1' } },
  });
  expect(questionOf({}, ['all'])).toEqual({
    environments: ['all'],
    projects: '*',
    context: { appName: 'playground', properties: {} },
  });
});

describe('the parts of a strategy', () => {
  const constraint = { contextName: 'country', operator: 'IN' as const, values: ['SE'], inverted: false };
  const strategy = (result: boolean, enabled: boolean | 'unknown', status = 'complete') =>
    partsOf({
      name: 'flexibleRollout',
      parameters: { rollout: '25', stickiness: 'userId' },
      constraints: [{ ...constraint, caseInsensitive: false, result }],
      segments: [],
      result: { evaluationStatus: status, enabled },
    } as unknown as PlayedStrategy).map((part) => [part.holds, textOf(part.pieces)]);
  it.each([
    [true, true, 'complete', [true, true]],
    [true, false, 'complete', [true, false]],
    [false, false, 'complete', [false, null]],
    [true, 'unknown', 'incomplete', [true, null]],
    [false, 'unknown', 'unevaluated', [null, null]],
  ] as const)('%s %s %s', (result, enabled, status, holds) => {
    expect(strategy(result, enabled, status)).toEqual([
      [holds[0], 'whose country is one of SE '],
      [holds[1], 'among 25 % by userId'],
    ]);
  });
});

it('says what a flag gives in all contexts', () => {
  const flag = (isEnabled: boolean, name?: string) =>
    ({ isEnabled, variant: { name: name ?? 'disabled', enabled: Boolean(name) } }) as PlayedFlag;
  expect(answerOf([flag(false)])).toEqual({ on: false, text: 'off' });
  expect(answerOf([flag(true, 'red')])).toEqual({ on: true, text: 'on, red' });
  expect(answerOf([flag(true), flag(false)])).toEqual({ on: true, text: 'on in 1 of 2' });
});
