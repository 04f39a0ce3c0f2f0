import { describe, expect, it } from 'vitest';
import {
  errorPlace,
  fromUnleash,
  quoted,
  rangeOf,
  reachOf,
  toggled,
  tokens,
  valuesOf,
  without,
  withRange,
  withValues,
  writtenAt,
} from './query';

describe('the text of a query', () => {
  it.each([
    ['env:production since:7d -by:ci', ['env', 'since', 'by']],
    ['"half of" word', ['', '']],
    ['type:a,b,"c d" x', ['type', '']],
    ['-', ['']],
    ['a:"open', ['a']],
    ['::: ,,, "', ['', '', '']],
  ])('%s falls into its parts', (text, fields) => {
    expect(tokens(text).map((token) => token.field)).toEqual(fields);
  });

  it('is whole in its parts, whatever it is', () => {
    for (const text of ['a b', ' "x" -y:z, ', '((( "', 'é:ü,"ß \\" ', 'a:b:c d::e,f'])
      expect(
        tokens(text)
          .map((token) => text.slice(token.start, token.end))
          .join('')
          .replace(/\s/g, ''),
      ).toBe(text.replace(/\s/g, ''));
  });

  it.each([
    ['', 'env:production'],
    ['env:staging x', 'env:staging,production x'],
    ['env:production x', 'x'],
    ['-env:production x', 'x env:production'],
  ])('%s with a value toggled is %s', (text, after) => {
    expect(toggled(text, 'env', 'production')).toBe(after);
  });

  it('excludes what was included', () => {
    expect(toggled('by:anna,ci', 'by', 'ci', true)).toBe('by:anna -by:ci');
  });

  it('quotes what is not a word', () => {
    expect(withValues('', 'by', ['Anna B', 'a"b', '-x', 'ü@x.y'])).toBe('by:"Anna B","a\\"b","-x",ü@x.y');
    expect(valuesOf(withValues('', 'by', ['Anna B', 'a"b\\', ',']), 'by')).toEqual(['Anna B', 'a"b\\', ',']);
    expect(quoted('feature-*')).toBe('feature-*');
  });

  it('has a range, which is taken away with two fields', () => {
    expect(withRange('x since:7d', { since: '24h', until: '' })).toBe('x since:24h');
    expect(rangeOf('since:2026-11-22T05:10:00Z until:1h')).toEqual({ since: '2026-11-22T05:10:00Z', until: '1h' });
    expect(without('x since:7d until:1d y', 'since', 'until')).toBe('x y');
    expect(reachOf('since:2h')).toBe(7_200_000);
    expect(reachOf('x')).toBeNull();
  });

  it('says what is being written at the caret', () => {
    expect(writtenAt('env:prod', 8)).toEqual({ field: 'env', part: 'prod', start: 4, end: 8 });
    expect(writtenAt('env:a,b x', 7)).toEqual({ field: 'env', part: 'b', start: 6, end: 7 });
    expect(writtenAt('ty', 2)).toEqual({ field: '', part: 'ty', start: 0, end: 2 });
    expect(writtenAt('a ', 2)).toEqual({ field: '', part: '', start: 2, end: 2 });
  });

  it('finds where the server says that it is wrong', () => {
    expect(errorPlace({ message: 'There is no field (position 7 of the query).' })).toEqual([6, 0]);
    expect(errorPlace({ message: 'x', position: 3, length: 4 })).toEqual([2, 4]);
    expect(errorPlace({ message: 'x' })).toBeNull();
  });

  it('is made of the parameters that Unleash has', () => {
    const search = { type: 'IS_ANY_OF:a,b', feature: 'IS:my flag', from: 'IS:2026-11-01', query: 'ab', limit: '50' };
    expect(fromUnleash(search)).toBe('type:a,b flag:"my flag" since:2026-11-01 ab');
  });
});
