import { expect, it } from 'vitest';
import { marksOf, type TimelineData, ticksOf } from './model';

type Group = TimelineData['groups'][number];
const group = (position: number, tone: Group['tone'], total = 1): Group => ({
  at: `2026-11-29T10:${String(position).padStart(2, '0')}:00Z`,
  until: `2026-11-29T10:${String(position).padStart(2, '0')}:30Z`,
  position,
  total,
  types: {},
  firstId: 1,
  lastId: 1,
  tones: { [tone]: total },
  tone,
  icon: 'event',
  events: [],
  query: `type:x since:${position} until:${position + 1}`,
  link: '',
});

it('draws marks 36 px apart at least, and adds up what would overlap', () => {
  const marks = marksOf([group(10, 'on', 2), group(12, 'on', 3), group(13, 'off'), group(50, 'off')], 1_000);
  expect(marks.map((mark) => [mark.at, mark.total, mark.tone])).toEqual([
    [10, 6, 'neutral'],
    [50, 1, 'off'],
  ]);
  expect(marks[0]?.query).toBe('type:x since:10 until:14');
});

it('names times below the line', () => {
  expect(ticksOf('2026-11-29T10:00:00Z', '2026-11-29T12:00:00Z', 4).map((tick) => tick.at)).toEqual([0, 25, 50, 75]);
});
