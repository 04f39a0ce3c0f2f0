import { describe, expect, it } from 'vitest';
import { hrefOf } from './model';

describe('where a banner leads', () => {
  it.each([
    ['https://example.com/x', 'https://example.com/x'],
    ['/projects', '/flags/projects'],
    ['//example.com', undefined],
    ['javascript:alert(1)', undefined],
    ['dialog', undefined],
    [null, undefined],
  ])('%s', (link, href) => {
    expect(hrefOf(link, '/flags')).toBe(href);
  });
});
