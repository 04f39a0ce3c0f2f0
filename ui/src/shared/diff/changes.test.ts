import { describe, expect, it } from 'vitest';
import { changesOf } from './changes';

const strategy = {
  id: '1',
  name: 'flexibleRollout',
  title: 'Slow',
  parameters: { rollout: '10', stickiness: 'default' },
  constraints: [{ contextName: 'country', operator: 'IN', values: ['SE', 'NO', 'DK'] }],
  segments: [1],
  variants: [{ name: 'a', weight: 500 }],
};
const changes = (data: object, preData: object = strategy) =>
  changesOf({ type: 'feature-strategy-update', data: data as never, preData: preData as never });

describe('a difference', () => {
  it('names the rollout first, in percent', () => {
    const found = changes({ ...strategy, title: 'Fast', parameters: { ...strategy.parameters, rollout: '90' } });
    expect(found.map((each) => [each.label, each.before, each.after])).toEqual([
      ['rollout', '10 %', '90 %'],
      ['title', 'Slow', 'Fast'],
    ]);
  });

  it('reaches into the values of a condition', () => {
    const [change] = changes({ ...strategy, constraints: [{ ...strategy.constraints[0], values: ['SE', 'IS'] }] });
    expect(change).toMatchObject({ label: 'country is one of', added: ['IS'], removed: ['NO', 'DK'] });
  });

  it('says which conditions, segments and variants came and went', () => {
    const found = changes({
      ...strategy,
      constraints: [{ contextName: 'userId', operator: 'STR_ENDS_WITH', values: ['@x.y'] }],
      segments: [2],
      variants: [
        { name: 'a', weight: 250 },
        { name: 'b', weight: 750 },
      ],
    });
    expect(found.map((each) => [each.label, each.added ?? each.after, each.removed ?? each.before])).toEqual([
      ['weight of a', '25 %', '50 %'],
      ['country is one of (gone)', [], ['SE', 'NO', 'DK']],
      ['userId ends with (new)', ['@x.y'], []],
      ['segments', ['2'], ['1']],
      ['variants', ['b 75 %'], []],
    ]);
  });

  it('is empty where nothing differs, and for what has no fields', () => {
    expect(changes(strategy)).toEqual([]);
    expect(changesOf({ type: 'feature-environment-enabled', data: null, preData: null })).toEqual([]);
  });

  it('takes whatever an old event holds', () => {
    expect(changes({ constraints: 'x', parameters: null, variants: { a: 1 } }, { constraints: null })).toBeInstanceOf(
      Array,
    );
  });
});
