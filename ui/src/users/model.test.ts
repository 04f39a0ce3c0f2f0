import { expect, it } from 'vitest';
import { newPassword, viewerOf } from './model';

it('makes passwords that the server takes, each another one', () => {
  const made = new Set(Array.from({ length: 200 }, newPassword));
  expect(made.size).toBe(200);
  for (const each of made) {
    expect(each).toHaveLength(20);
    for (const kind of [/[A-Z]/, /[a-z]/, /[0-9]/, /[^A-Za-z0-9]/]) expect(each).toMatch(kind);
  }
});

it('makes people viewers unless somebody chooses', () => {
  const role = (id: number, name: string) => ({ id, name, type: 'root', description: '' });
  expect(viewerOf([role(1, 'Admin'), role(3, 'Viewer')])).toBe('3');
  expect(viewerOf([role(1, 'Admin')])).toBe('1');
  expect(viewerOf([])).toBe('');
});
