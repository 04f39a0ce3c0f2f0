import { expect, it } from 'vitest';
import { rowsOf } from './fold';
import type { RowEvent } from './model';

let id = 1_000;
function event(minutes: number, more: Partial<RowEvent> = {}): RowEvent {
  id -= 1;
  return {
    id,
    type: 'feature-updated',
    createdAt: new Date(new Date(2026, 10, 29, 12).getTime() - minutes * 60_000).toISOString(),
    createdBy: 'anna',
    createdByUserId: 1,
    ip: '',
    groupType: 'transaction',
    featureName: 'a',
    project: 'default',
    environment: 'production',
    label: '',
    groupId: `g${id}`,
    ...more,
  };
}
const on = 'feature-environment-enabled';
const off = 'feature-environment-disabled';
const folds = (events: RowEvent[]) =>
  rowsOf(events).map((row) => (row.kind === 'day' ? `day ${row.count}` : `${row.folded.length + 1} ${row.why}`.trim()));

it('puts events under their day, with how many there are', () => {
  expect(folds([event(0), event(1), event(13 * 60)])).toEqual(['day 2', '1', '1', 'day 1', '1']);
  expect(folds([])).toEqual([]);
});

it('folds events of one request', () => {
  const groupId = 'one';
  expect(folds([event(0, { groupId }), event(0, { groupId }), event(1)])).toEqual(['day 3', '2 request', '1']);
});

it.each(['', null, undefined])('does not fold events that have no request: %s', (none) => {
  const groupId = none as string;
  expect(folds([event(0, { groupId }), event(1, { groupId }), event(2, { groupId })])).toEqual([
    'day 3',
    '1',
    '1',
    '1',
  ]);
});

it('folds three switches of one flag, each within an hour of the next', () => {
  expect(folds([event(0, { type: on }), event(50, { type: off }), event(100, { type: on })])).toEqual([
    'day 3',
    '3 switches',
  ]);
});

it.each([
  ['two', [event(0, { type: on }), event(1, { type: off })]],
  ['others between them', [event(0, { type: on }), event(1, { type: off }), event(2), event(3, { type: on })]],
  ['of two flags', [event(0, { type: on }), event(1, { type: off, featureName: 'b' }), event(2, { type: on })]],
  ['of two people', [event(0, { type: on }), event(1, { type: off, createdBy: 'ci' }), event(2, { type: on })]],
  ['too far apart', [event(0, { type: on }), event(61, { type: off }), event(62, { type: on })]],
])('does not fold switches: %s', (_, events) => {
  expect(folds(events).filter((each) => each.includes('switches'))).toEqual([]);
});
