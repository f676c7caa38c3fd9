// Wall-clock times in a zone with summer time.
import { expect, test } from 'vitest';
import { instantOf, localOf } from './zoned';

test('a winter and a summer morning', () => {
  expect(instantOf('2026-12-01T09:00', 'Europe/Lisbon')).toBe('2026-12-01T09:00:00Z');
  expect(instantOf('2026-07-01T09:00', 'Europe/Lisbon')).toBe('2026-07-01T08:00:00Z');
});

test('there and back', () => {
  expect(localOf('2026-07-01T08:00:00Z', 'Europe/Lisbon')).toBe('2026-07-01T09:00');
});

test('an unfinished entry is no instant', () => {
  expect(instantOf('', 'Europe/Lisbon')).toBeNull();
});
