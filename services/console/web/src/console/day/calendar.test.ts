import { expect, test } from 'vitest';
import { dayOf, shifted, ticks } from './calendar';

const hours = (span: { from: number; to: number }) => (span.to - span.from) / 3_600_000;

test('a day has 24 hours, or 23 or 25 when clocks change', () => {
  expect(hours(dayOf('2026-11-29', 'Europe/Lisbon')!)).toBe(24);
  expect(hours(dayOf('2026-03-29', 'Europe/Lisbon')!)).toBe(23);
  expect(hours(dayOf('2026-10-25', 'Europe/Lisbon')!)).toBe(25);
});

test('a day begins at the zone\'s midnight, or at its first hour where midnight is skipped', () => {
  expect(new Date(dayOf('2026-07-01', 'Europe/Lisbon')!.from).toISOString()).toBe('2026-06-30T23:00:00.000Z');
  // Beirut skips the hour after midnight.
  const beirut = dayOf('2026-03-29', 'Asia/Beirut')!;
  expect(ticks(beirut)[0]!.hour).toBe(1);
  expect(hours(beirut)).toBe(23);
});

test('the axis skips the hour that is missing and marks the one that comes twice', () => {
  const spring = ticks(dayOf('2026-03-29', 'Europe/Lisbon')!).map((tick) => tick.hour);
  expect(spring).toHaveLength(23);
  expect(spring).not.toContain(1);
  const autumn = ticks(dayOf('2026-10-25', 'Europe/Lisbon')!);
  expect(autumn).toHaveLength(25);
  expect(autumn.filter((tick) => tick.again).map((tick) => tick.hour)).toEqual([1]);
});

test('dates move by days and not by hours', () => {
  expect(shifted('2026-10-25', 1)).toBe('2026-10-26');
  expect(shifted('2026-03-01', -1)).toBe('2026-02-28');
  expect(dayOf('soon', 'UTC')).toBeNull();
});
