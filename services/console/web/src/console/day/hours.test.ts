import { expect, test } from 'vitest';
import { workingIn } from './hours';

const at = (text: string) => Date.parse(text);
const span = (from: string, to: string) => ({ from: at(from), to: at(to) });
const daily = (start_min: number, end_min: number) => [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ weekday, start_min, end_min }));

test('a day shift follows the change of the clocks', () => {
  const found = workingIn(span('2026-10-24T00:00:00Z', '2026-10-26T00:00:00Z'), daily(540, 1_020), 'Europe/Berlin');
  expect(found.map((one) => one.from)).toEqual([at('2026-10-24T07:00:00Z'), at('2026-10-25T08:00:00Z')]);
});

test('a night shift reaches over midnight', () => {
  const found = workingIn(span('2026-11-23T01:00:00Z', '2026-11-23T02:00:00Z'), [{ weekday: 7, start_min: 1_320, end_min: 360 }], 'UTC');
  expect(found).toEqual([span('2026-11-22T22:00:00Z', '2026-11-23T06:00:00Z')]);
});

test('until midnight is until the next day begins', () => {
  const found = workingIn(span('2026-11-23T00:00:00Z', '2026-11-24T00:00:00Z'), [{ weekday: 1, start_min: 1_200, end_min: 1_440 }], 'UTC');
  expect(found).toEqual([span('2026-11-23T20:00:00Z', '2026-11-24T00:00:00Z')]);
});
