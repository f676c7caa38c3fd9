// Fields and instants in a zone with summer time.
import { expect, test } from 'vitest';
import { instantOf, localOf, today } from './zoned';

test('a field shows the time of the zone, and means the same instant', () => {
  expect(localOf('2026-07-01T12:00:30Z', 'Europe/Lisbon')).toBe('2026-07-01T13:00');
  expect(instantOf('2026-07-01T13:00', 'Europe/Lisbon')).toBe('2026-07-01T12:00:00Z');
  expect(instantOf('2026-12-01T13:00', 'Europe/Lisbon')).toBe('2026-12-01T13:00:00Z');
});

test('a time that the clocks skip moves on, one that comes twice is the first', () => {
  expect(instantOf('2026-03-29T01:30', 'Europe/Lisbon')).toBe('2026-03-29T01:30:00Z');
  expect(instantOf('2026-10-25T01:30', 'Europe/Lisbon')).toBe('2026-10-25T00:30:00Z');
});

test('what is no time means nothing', () => {
  expect(instantOf('', 'Europe/Lisbon')).toBeNull();
  expect(instantOf('soon', 'Europe/Lisbon')).toBeNull();
});

test('today is the day of the zone', () => {
  expect(today('Pacific/Auckland', Date.parse('2026-11-29T12:00:00Z'))).toBe('2026-11-30');
});
