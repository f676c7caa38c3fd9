// Ages, duty and kinds of places.
import { expect, test } from 'vitest';
import { ageStep, arrived, dutyOf, isCell, isHollow, LAST_AGE_STEP, type LivePosition } from './person';

const position = (more: Partial<LivePosition> = {}): LivePosition => ({
  staff_id: 'a', display_name: 'Ana', position: { lat: 38.7, lng: -9.1 }, age_s: 10, fix_at: '2026-03-01T08:00:00Z', accuracy_m: 8, grade: 'live', source: 'ping', on_shift: null, busy: null, ...more,
});

test('the age goes by when it came, not by the clock of the phone or the server', () => {
  expect(arrived(position({ age_s: 30 }), 100_000).seenMs).toBe(70_000);
  expect(arrived(position({ age_s: null }), 100_000).seenMs).toBeNull();
});

test('steps of age begin at their limits', () => {
  const seen = arrived(position({ age_s: 0 }), 0);
  const steps = [0, 119, 120, 599, 600, 1_799, 1_800, 7_199, 7_200, 1e6].map((seconds) => ageStep(seen, seconds * 1_000));
  expect(steps).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
  expect(LAST_AGE_STEP).toBe(4);
  expect(ageStep(arrived(position({ age_s: null, source: 'home' }), 0), 1e9)).toBe(0);
});

test('what is not known of a person is not guessed', () => {
  expect(dutyOf(position())).toBe('unknown');
  expect(dutyOf(position({ on_shift: true }))).toBe('unknown');
  expect(dutyOf(position({ on_shift: true, busy: false }))).toBe('free');
  expect(dutyOf(position({ on_shift: false, busy: false }))).toBe('off');
  expect(dutyOf(position({ on_shift: false, busy: true }))).toBe('busy');
});

test('cells and places without a phone are told apart from fixes', () => {
  expect(isCell(position())).toBe(false);
  expect(isCell(position({ grade: 'coarse', accuracy_m: 400 }))).toBe(false);
  expect(isCell(position({ grade: 'coarse', accuracy_m: null }))).toBe(true);
  expect(isHollow(position())).toBe(false);
  expect(isHollow(position({ source: 'home' }))).toBe(true);
});

test('two fixes tell whether somebody moves, as far as they are exact', () => {
  const first = arrived(position(), 0);
  const later = (lat: number, seconds: number, more: Partial<LivePosition> = {}) => arrived(position({
    position: { lat, lng: -9.1 }, fix_at: new Date(Date.parse('2026-03-01T08:00:00Z') + seconds * 1_000).toISOString(), ...more,
  }), 0, first).moving;
  expect(first.moving).toBeUndefined();
  expect(later(38.701, 30)).toBe(true);
  expect(later(38.70001, 30)).toBe(false);
  expect(later(38.701, 30, { accuracy_m: 500 })).toBe(false);
  expect(later(38.701, 600)).toBeUndefined();
  expect(arrived(position(), 0, { ...first, moving: true }).moving).toBe(true);
});
