import { expect, test } from 'vitest';
import { conflictsAt, conflictsOf, covers } from './conflicts';
import type { Booking, PersonDay } from './types';

const booking = (id: string, from: number, to: number, state: Booking['state'] = 'assigned'): Booking =>
  ({ id, from, to, state, caseId: id, caseNumber: id, caseTitle: id, etaMin: null, overrideReason: null });
const person = (given: Partial<PersonDay>): PersonDay =>
  ({ id: 'p', name: 'P', photo: null, working: null, timeOff: [], pauses: [], bookings: [], ...given });

test('hours that touch cover what spans both', () => {
  expect(covers([{ from: 5, to: 9 }, { from: 0, to: 5 }], { from: 2, to: 8 })).toBe(true);
  expect(covers([{ from: 0, to: 4 }, { from: 5, to: 9 }], { from: 2, to: 8 })).toBe(false);
  expect(covers([], { from: 2, to: 8 })).toBe(false);
});

test('two at one time are in conflict, one after the other are not', () => {
  const [a, b, c] = [booking('a', 0, 10), booking('b', 9, 20), booking('c', 20, 30)];
  const day = person({ bookings: [a, b, c] });
  expect(conflictsOf(a, day)).toEqual([{ kind: 'overlap', with: b }]);
  expect(conflictsOf(c, day)).toEqual([]);
});

test('what is done is in nobody\'s way', () => {
  const [a, b] = [booking('a', 0, 10), booking('b', 5, 20, 'done')];
  const day = person({ bookings: [a, b] });
  expect(conflictsOf(a, day)).toEqual([]);
  expect(conflictsOf(b, day)).toEqual([]);
});

test('an absence and hours count, and hours that are not recorded do not', () => {
  const away = { from: 5, to: 8 };
  const day = person({ working: [{ from: 0, to: 9 }], timeOff: [away] });
  expect(conflictsAt({ from: 7, to: 10 }, day)).toEqual([{ kind: 'time_off', span: away }, { kind: 'outside_hours' }]);
  expect(conflictsAt({ from: 7, to: 10 }, person({}))).toEqual([]);
  expect(conflictsAt({ from: 0, to: 2 }, person({ working: [] }))).toEqual([{ kind: 'outside_hours' }]);
});

test('the one that moves is not in its own way', () => {
  expect(conflictsAt({ from: 2, to: 12 }, person({ bookings: [booking('a', 0, 10)] }), 'a')).toEqual([]);
});
