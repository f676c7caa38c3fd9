import { expect, test } from 'vitest';
import { aheadOf } from './ahead';

const DATE = 'Mon, 30 Nov 2026 11:10:00 GMT';
const server = Date.parse(DATE);
const MINUTE = 60_000;

test('a clock that is right, or nearly, is not ahead', () => {
  expect(aheadOf(0, DATE, server + 300, server + 700)).toBe(0);
  expect(aheadOf(0, DATE, server - 4_000, server - 3_800)).toBe(0);
  expect(aheadOf(5 * MINUTE, DATE, server, server + 1_000)).toBe(0);
});

test('a clock that is wrong by minutes is ahead, or behind, by them', () => {
  expect(aheadOf(0, DATE, server + 5 * MINUTE, server + 5 * MINUTE + 1_000)).toBe(5 * MINUTE);
  expect(aheadOf(0, DATE, server - 5 * MINUTE, server - 5 * MINUTE + 1_000)).toBe(-5 * MINUTE);
});

test('what is known stays after noise, a slow answer, a clock that was set, and without a date', () => {
  const known = 5 * MINUTE;
  expect(aheadOf(known, DATE, server + known + 900, server + known + 1_500)).toBe(known);
  expect(aheadOf(known, DATE, server, server + 11_000)).toBe(known);
  expect(aheadOf(known, DATE, server, server - 1)).toBe(known);
  expect(aheadOf(known, null, server, server)).toBe(known);
  expect(aheadOf(known, DATE, NaN, server)).toBe(known);
});
