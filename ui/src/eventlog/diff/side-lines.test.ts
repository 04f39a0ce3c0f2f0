import { expect, it } from 'vitest';
import { sidesOf } from './side-lines';

it('marks the lines that only one side has', () => {
  const [before, after] = sidesOf({ a: 1, b: 2, c: 3 }, { a: 1, b: 5, c: 3 });
  expect(before.filter((line) => line.differs).map((line) => line.text.trim())).toEqual(['"b": 2,']);
  expect(after.filter((line) => line.differs).map((line) => line.text.trim())).toEqual(['"b": 5,']);
});

it('has one side only where there is nothing on the other', () => {
  expect(sidesOf(null, { a: 1 })[0]).toEqual([]);
  expect(sidesOf(null, { a: 1 })[1].every((line) => line.differs)).toBe(true);
});
