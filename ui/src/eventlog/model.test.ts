import { describe, expect, it } from 'vitest';
import { headingOf, partsOf, type ServerParts, sentenceOf } from './model';

const parts: ServerParts = {
  byActor: true,
  verb: 'changed strategy Nordic of',
  object: { kind: 'flag', id: 'checkout', name: 'checkout', path: null },
  where: 'in environment production of project shop',
  detail: ': rollout from 25% to 50%',
  tone: 'changed',
  changes: [
    { path: 'parameters.rollout', label: 'rollout', before: '25', after: '50' },
    { path: 'constraints[0].values', label: 'userId is one of', added: { total: 10, first: ['1'] } },
    { path: 'segments', label: 'segments', reordered: true },
  ],
  moreChanges: 2,
};
const event = { label: 'Flag strategy updated', createdBy: 'anna', parts };

describe('an event', () => {
  it('is a sentence', () => {
    expect(sentenceOf(event)).toBe(
      'anna changed strategy Nordic of checkout in environment production of project shop: rollout from 25% to 50%',
    );
    const alone = { ...parts, byActor: false, verb: 'the server started', object: null, where: '', detail: '' };
    expect(sentenceOf({ ...event, parts: alone })).toBe('the server started');
    expect(sentenceOf({ label: 'Flag enabled', createdBy: 'anna' })).toBe('anna Flag enabled');
  });

  it('has a heading without a long detail', () => {
    expect(headingOf(event)).toBe(sentenceOf(event));
    const long = { ...parts, detail: `: ${'x'.repeat(140)}` };
    expect(headingOf({ ...event, parts: long })).toBe(
      'anna changed strategy Nordic of checkout in environment production of project shop',
    );
  });

  it('says its changes in short', () => {
    expect(partsOf(event)).toMatchObject({
      object: 'checkout',
      more: 2,
      changes: [
        { label: 'rollout', before: '25 %', after: '50 %' },
        { label: 'userId is one of', added: 10, removed: 0 },
        { label: 'segments', after: 'in another order' },
      ],
    });
  });

  it('is taken apart once', () => {
    expect(partsOf(event)).toBe(partsOf({ ...event }));
  });
});
