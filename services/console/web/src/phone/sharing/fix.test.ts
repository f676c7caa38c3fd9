import { expect, test } from 'vitest';
import { MOVING_EVERY_MS, STILL_EVERY_MS, fixOf, judge, type Reading } from './fix';

const START = Date.UTC(2026, 10, 29, 12);
/** Metres of one degree of latitude. */
const DEGREE_M = 111_195;

function reading(after: number, moved: number, accuracy = 8, speed: number | null = null): Reading {
  return { timestamp: START + after, coords: { latitude: 38.7 + moved / DEGREE_M, longitude: -9.1, accuracy, altitude: null, heading: Number.NaN, speed } };
}
const first = fixOf(reading(0, 0), 'first', null);

test('a fix carries the time of the phone and its own key, and no number that is none', () => {
  expect(first).toMatchObject({ key: 'first', fix_at: '2026-11-29T12:00:00.000Z', lat: 38.7, course_deg: null, speed_mps: null, battery: null });
  expect(fixOf(reading(0, 0), 'x', { level: 0.5, charging: true })).toMatchObject({ battery: 0.5, charging: true });
});

test('the first fix is kept, one that is wider than a kilometre never', () => {
  expect(judge(reading(0, 0), null)).toBe('keep');
  expect(judge(reading(0, 0, 1_000), null)).toBe('keep');
  expect(judge(reading(0, 0, 1_001), null)).toBe('too_wide');
  expect(judge(reading(0, 0, Number.NaN), null)).toBe('too_wide');
});

test('who moves is kept every half minute', () => {
  expect(judge(reading(MOVING_EVERY_MS - 1, 300), first)).toBe('too_soon');
  expect(judge(reading(MOVING_EVERY_MS, 300), first)).toBe('keep');
  expect(judge(reading(MOVING_EVERY_MS, 0, 8, 1.4), first)).toBe('keep');
});

test('who stays is kept every five minutes, and noise is no movement', () => {
  expect(judge(reading(STILL_EVERY_MS - 1, 20), first)).toBe('too_soon');
  expect(judge(reading(MOVING_EVERY_MS, 60, 80), first)).toBe('too_soon');
  expect(judge(reading(STILL_EVERY_MS, 0), first)).toBe('keep');
});

test('a clock that was set back silences nobody', () => {
  expect(judge(reading(-1, 0), first)).toBe('keep');
  expect(judge(reading(-3_600_000, 0), first)).toBe('keep');
});
