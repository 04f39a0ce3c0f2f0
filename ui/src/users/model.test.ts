import { expect, it } from 'vitest';
import { newPassword } from './model';

it('makes passwords that the server takes, each another one', () => {
  const made = new Set(Array.from({ length: 200 }, newPassword));
  expect(made.size).toBe(200);
  for (const each of made) {
    expect(each).toHaveLength(20);
    for (const kind of [/[A-Z]/, /[a-z]/, /[0-9]/, /[^A-Za-z0-9]/]) expect(each).toMatch(kind);
  }
});
