/** Two JSON texts beside each other: which lines only one of them has. Pure. */

export interface SideLine {
  text: string;
  differs: boolean;
}

const MOST = 2_000;

/** The longest run of lines in common is what stays; all others differ. Above 2,000 lines, whole texts are compared. */
export function sidesOf(before: unknown, after: unknown): [SideLine[], SideLine[]] {
  const one = linesOf(before);
  const other = linesOf(after);
  if (!one.length || !other.length || one.length > MOST || other.length > MOST)
    return [one.map((text) => ({ text, differs: true })), other.map((text) => ({ text, differs: true }))];
  const common = lengths(one, other);
  const left: SideLine[] = [];
  const right: SideLine[] = [];
  let i = 0;
  let j = 0;
  while (i < one.length || j < other.length) {
    if (i < one.length && j < other.length && one[i] === other[j]) {
      left.push({ text: one[i++] ?? '', differs: false });
      right.push({ text: other[j++] ?? '', differs: false });
    } else if (j >= other.length || (i < one.length && at(common, i + 1, j) >= at(common, i, j + 1)))
      left.push({ text: one[i++] ?? '', differs: true });
    else right.push({ text: other[j++] ?? '', differs: true });
  }
  return [left, right];
}

const linesOf = (value: unknown): string[] =>
  value === null || value === undefined ? [] : JSON.stringify(value, null, 2).split('\n');

const at = (table: Uint16Array[], i: number, j: number): number => table[i]?.[j] ?? 0;

/** For every two places, how many lines in common follow. */
function lengths(one: string[], other: string[]): Uint16Array[] {
  const table = Array.from({ length: one.length + 1 }, () => new Uint16Array(other.length + 1));
  for (let i = one.length - 1; i >= 0; i--)
    for (let j = other.length - 1; j >= 0; j--) {
      const row = table[i];
      if (row)
        row[j] = one[i] === other[j] ? at(table, i + 1, j + 1) + 1 : Math.max(at(table, i + 1, j), at(table, i, j + 1));
    }
  return table;
}
