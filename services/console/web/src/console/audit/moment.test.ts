import { expect, test } from 'vitest';
import { instantOfTyped, isWhole, typedOf } from './moment';

const ZONE = 'Europe/Lisbon';

test('a date alone is its whole day', () => {
  const summer = { date: '2026-07-01', time: '' };
  expect(instantOfTyped(summer, 'from', ZONE)).toBe('2026-06-30T23:00:00Z');
  expect(instantOfTyped(summer, 'to', ZONE)).toBe('2026-07-01T23:00:00Z');
  // The day on which the clocks go back has 25 hours.
  expect(instantOfTyped({ date: '2026-10-25', time: '' }, 'to', ZONE)).toBe('2026-10-26T00:00:00Z');
  expect(instantOfTyped({ date: '2026-07-01', time: '09:30' }, 'to', ZONE)).toBe('2026-07-01T08:30:00Z');
});

test('an address shows what was typed for it', () => {
  for (const edge of ['from', 'to'] as const) {
    for (const typed of [{ date: '2026-07-01', time: '' }, { date: '2026-10-25', time: '' }, { date: '2026-12-01', time: '23:59' }]) {
      expect(typedOf(instantOfTyped(typed, edge, ZONE), edge, ZONE)).toEqual(typed);
    }
  }
  expect(typedOf('', 'from', ZONE)).toEqual({ date: '', time: '' });
  expect(typedOf('soon', 'to', ZONE)).toEqual({ date: '', time: '' });
});

test('a year that is being typed means nothing yet', () => {
  expect(['0002-01-01', '0020-01-01', '0202-01-01', '2025-01-01', '20255-01-01', ''].map(isWhole)).toEqual([false, false, false, true, false, false]);
  expect(instantOfTyped({ date: '0202-01-01', time: '' }, 'from', ZONE)).toBe('');
  expect(instantOfTyped({ date: '', time: '09:30' }, 'from', ZONE)).toBe('');
});
