import { expect, it } from 'vitest';
import { plain } from './model';

it.each([
  ['*admin* enabled *[shop](https://x/y)* in project *default*', 'admin enabled shop in project default'],
  ['**admin** changed a\\_flag', 'admin changed a_flag'],
  ['2 * 3 * 4 stays', '2 * 3 * 4 stays'],
  ['<img src=x>', '<img src=x>'],
])('%s', (markdown, text) => expect(plain(markdown)).toBe(text));
