import { expect, test } from 'vitest';
import { conflictsOf } from './conflicts';
import type { PersonDay, Planned } from './types';

const booking = (id: string, from: number, to: number, against: string[], state: Planned['state'] = 'assigned'): Planned =>
  ({ id, from, to, state, against, caseId: id, caseNumber: id, caseTitle: id, etaMin: null, overrideReason: null });
const person = (given: Partial<PersonDay>): PersonDay =>
  ({ id: 'p', name: 'P', working: null, timeOff: [], bookings: [], ...given });

test('two at one time name each other, one after the other do not', () => {
  const [a, b, c] = [booking('a', 0, 10, ['double_booked']), booking('b', 9, 20, ['double_booked']), booking('c', 20, 30, [])];
  const day = person({ bookings: [a, b, c] });
  expect(conflictsOf(a, day)).toEqual([{ kind: 'double_booked', with: b }]);
  expect(conflictsOf(b, day)).toEqual([{ kind: 'double_booked', with: a }]);
  expect(conflictsOf(c, day)).toEqual([]);
});

test('what is done is in nobody\'s way', () => {
  const [a, done, open] = [booking('a', 0, 10, ['double_booked']), booking('b', 5, 20, [], 'done'), booking('c', 5, 20, ['double_booked'])];
  expect(conflictsOf(a, person({ bookings: [a, done, open] }))).toEqual([{ kind: 'double_booked', with: open }]);
});

test('each absence that is met is named', () => {
  const [first, second, later] = [{ from: 0, to: 2 }, { from: 5, to: 8 }, { from: 20, to: 30 }];
  const one = booking('a', 1, 6, ['time_off']);
  expect(conflictsOf(one, person({ timeOff: [first, second, later], bookings: [one] })))
    .toEqual([{ kind: 'time_off', span: first }, { kind: 'time_off', span: second }]);
});

test('what is met outside of the day is a conflict all the same', () => {
  const one = booking('a', 0, 10, ['time_off', 'double_booked']);
  expect(conflictsOf(one, person({ bookings: [one] }))).toEqual([{ kind: 'time_off', span: null }, { kind: 'double_booked', with: null }]);
});

test('other rules stay as the API says them', () => {
  const one = booking('a', 0, 10, ['excluded_by_client', 'outside_working_hours']);
  expect(conflictsOf(one, person({ bookings: [one] })))
    .toEqual([{ kind: 'rule', code: 'excluded_by_client' }, { kind: 'rule', code: 'outside_working_hours' }]);
});
