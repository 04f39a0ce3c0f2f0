/** The text of a query: its parts and how clicks edit it. What is right in it is decided by the server. Pure. */

export const FIELDS: Record<string, string> = {
  type: 'what happened',
  project: 'in which project',
  env: 'in which environment',
  flag: 'to which flag',
  by: 'by whom',
  user: 'by the user with this number',
  actor: 'by what: user, pat, token, operator, system',
  reason: 'a word of the reason',
  ticket: 'the ticket',
  cause: 'what led to it',
  group: 'in one request',
  id: 'one event',
  changed: 'a field that is different now',
  since: 'from then on: 2h, 7d, or a day',
  until: 'before then',
};

export interface Token {
  kind: 'field' | 'word' | 'phrase';
  /** Its place in the text. */
  start: number;
  end: number;
  negated: boolean;
  field: string;
  values: string[];
}

const TOKEN = /(-?)(?:([a-zA-Z]+):)?("(?:[^"\\]|\\.)*"?|[^\s",]*)((?:,(?:"(?:[^"\\]|\\.)*"?|[^\s",]*))*)/y;

/** The parts of a text, in order; whatever it is, all of it that is not space is in one of them. */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text.charAt(at))) {
      at += 1;
      continue;
    }
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    const whole = match?.[0] || text.charAt(at);
    const field = match?.[2] ?? '';
    const rest = `${match?.[3] ?? ''}${match?.[4] ?? ''}`;
    found.push({
      kind: field ? 'field' : rest.startsWith('"') ? 'phrase' : 'word',
      start: at,
      end: at + whole.length,
      negated: match?.[1] === '-',
      field: field.toLowerCase(),
      values: split(rest),
    });
    at += whole.length;
  }
  return found;
}

function split(values: string): string[] {
  const parts = values.match(/"(?:[^"\\]|\\.)*"?|[^,]+/g) ?? [];
  return parts.map((part) => (part.startsWith('"') ? part.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1') : part));
}

/** A value as the language takes it. */
export function quoted(value: string): string {
  return /^[\p{L}\p{N}_.@/+*-]+$/u.test(value) && !value.startsWith('-')
    ? value
    : `"${value.replace(/[\\"]/g, '\\$&')}"`;
}

/** The values of a field that the query asks for, or with `negated` those that it leaves out. */
export function valuesOf(text: string, field: string, negated = false): string[] {
  return tokens(text)
    .filter((token) => token.field === field && token.negated === negated)
    .flatMap((token) => token.values);
}

/** The text without conditions on these fields. */
export function without(text: string, ...fields: string[]): string {
  return removed(text, (token) => fields.includes(token.field));
}

function removed(text: string, drop: (token: Token) => boolean): string {
  return tokens(text)
    .filter((token) => !drop(token))
    .map((token) => text.slice(token.start, token.end))
    .join(' ');
}

/** The text, with exactly these values of a field. The condition stays where it was. */
export function withValues(text: string, field: string, values: string[], negated = false): string {
  const condition = values.length ? `${negated ? '-' : ''}${field}:${values.map(quoted).join(',')}` : '';
  const parts: string[] = [];
  let placed = false;
  for (const token of tokens(text)) {
    if (token.field !== field || token.negated !== negated) parts.push(text.slice(token.start, token.end));
    else if (!placed && condition) {
      parts.push(condition);
      placed = true;
    }
  }
  if (!placed && condition) parts.push(condition);
  return parts.join(' ');
}

/** Adds a value, or takes it away when it is there. */
export function toggled(text: string, field: string, value: string, negated = false): string {
  const there = valuesOf(text, field, negated);
  const values = there.includes(value) ? there.filter((each) => each !== value) : [...there, value];
  const other = valuesOf(text, field, !negated).filter((each) => each !== value);
  return withValues(withValues(text, field, other, !negated), field, values, negated);
}

/** The query of a page and the query of what the page is about, as one. */
export function within(scope: string, text: string): string {
  return `${scope} ${text}`.trim();
}

export interface Range {
  since: string;
  until: string;
}

export function rangeOf(text: string): Range {
  return { since: valuesOf(text, 'since')[0] ?? '', until: valuesOf(text, 'until')[0] ?? '' };
}

export function withRange(text: string, { since, until }: Range): string {
  return withValues(withValues(text, 'since', since ? [since] : []), 'until', until ? [until] : []);
}

const UNITS: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };

/** How many milliseconds a query reaches back; null: through all the log. */
export function reachOf(text: string, now = Date.now()): number | null {
  const { since } = rangeOf(text);
  const relative = /^(\d+)([mhdw])$/.exec(since);
  if (relative) return Number(relative[1]) * (UNITS[relative[2] ?? 'd'] ?? 0);
  const at = Date.parse(since);
  return Number.isNaN(at) ? null : now - at;
}

/** Where the text is wrong, as the server says it: `(position 7 of the query)`, or the fields of the error. */
export function errorPlace(detail: { message: string; position?: number; length?: number }): [number, number] | null {
  if (detail.position !== undefined) return [detail.position - 1, detail.length ?? 1];
  const found = /position (\d+)/.exec(detail.message);
  return found ? [Number(found[1]) - 1, 0] : null;
}

/** What is being written at the caret: a field, or a value of one. */
export function writtenAt(text: string, caret: number): { field: string; part: string; start: number; end: number } {
  const token = tokens(text).find((each) => each.start < caret && caret <= each.end);
  if (!token) return { field: '', part: '', start: caret, end: caret };
  const before = text.slice(token.start, caret);
  const colon = before.indexOf(':');
  if (!token.field || colon < 0) {
    const start = token.start + (token.negated ? 1 : 0);
    return { field: '', part: text.slice(start, caret), start, end: token.end };
  }
  const comma = before.lastIndexOf(',');
  const start = token.start + Math.max(colon, comma) + 1;
  const rest = text.slice(caret, token.end);
  const end = caret + (rest.includes(',') ? rest.indexOf(',') : rest.length);
  return { field: token.field, part: text.slice(start, caret).replaceAll('"', ''), start, end };
}

/** Unleash's parameters of this page, as a query: links in events and in old bookmarks use them. */
export function fromUnleash(search: Record<string, unknown>): string {
  const fields: [string, string][] = [
    ['type', 'type'],
    ['project', 'project'],
    ['feature', 'flag'],
    ['environment', 'env'],
    ['createdBy', 'user'],
    ['id', 'id'],
    ['groupId', 'group'],
  ];
  const parts: string[] = [];
  for (const [parameter, field] of fields) {
    const match = /^IS(?:_ANY_OF)?:(.*)$/.exec(String(search[parameter] ?? ''));
    if (match?.[1]) parts.push(`${field}:${match[1].split(',').map(quoted).join(',')}`);
  }
  for (const [parameter, field] of [
    ['from', 'since'],
    ['to', 'until'],
  ] as const) {
    const match = /^(?:IS:)?(\d{4}-\d{2}-\d{2}.*)$/.exec(String(search[parameter] ?? ''));
    if (match?.[1]) parts.push(`${field}:${match[1]}`);
  }
  const free = String(search.query ?? '').trim();
  if (free) parts.push(quoted(free));
  return parts.join(' ');
}
