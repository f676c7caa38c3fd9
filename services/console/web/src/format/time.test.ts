// Lengths of time in words.
import { expect, test } from 'vitest';
import { ago, duration, until, work } from './time';

test('a length of time is told in its two largest units, minutes alone', () => {
  expect([0, 40, 60, 200, 3_600, 7_500, 86_400, 93_600].map(duration)).toEqual(['0 s', '40 s', '1 min', '3 min', '1 h', '2 h 5 min', '1 d', '1 d 2 h']);
  expect(work(450)).toBe('7.5 h');
});

test('what is near is now', () => {
  expect(ago(0, 4_000)).toBe('now');
  expect(ago(0, 180_000)).toBe('3 min ago');
  expect(until(180_000, 0)).toBe('in 3 min');
});
