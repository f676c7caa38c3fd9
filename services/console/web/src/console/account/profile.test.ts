import { expect, test } from 'vitest';
import { changedFields, formOf, isUnfinished, patchOf } from './profile';

type Staff = Parameters<typeof formOf>[0];
const stored = formOf({ language: 'en', time_zone: null, max_travel_km: 12.5, birth_date: null, signature: null, working_hours: null, address: { street: 'Cais 1', city: 'Lisboa' } } as Staff);

test('what was not touched is not sent', () => {
  expect(patchOf(stored, structuredClone(stored))).toEqual({});
});

test('empty clears, and a comma is a decimal point', () => {
  expect(patchOf(stored, { ...stored, max_travel_km: '' })).toEqual({ max_travel_km: null });
  expect(patchOf(stored, { ...stored, max_travel_km: '7,5', signature: 'A. L.' })).toEqual({ max_travel_km: 7.5, signature: 'A. L.' });
});

test('an address is sent as a whole, and nothing of it is none', () => {
  const moved = { ...stored, address: { ...stored.address, postcode: ' 1100 ' } };
  expect(patchOf(stored, moved).address).toEqual({ street: 'Cais 1', postcode: '1100', city: 'Lisboa', region: null, country: null });
  const none = { street: '', postcode: '', city: '', region: '', country: '' };
  expect(patchOf(stored, { ...stored, address: none })).toEqual({ address: null });
});

test('hours are sent when they were changed, and cleared when they are no longer meant', () => {
  const shift = { weekday: 1, start: '09:00', end: '17:00' };
  const recorded = { ...stored, recorded: true, shifts: [shift] };
  expect(patchOf(stored, recorded)).toEqual({ working_hours: [{ weekday: 1, start_min: 540, end_min: 1_020 }] });
  expect(patchOf(recorded, { ...recorded, recorded: false })).toEqual({ working_hours: null });
  expect(patchOf(recorded, structuredClone(recorded))).toEqual({});
  expect(isUnfinished({ ...recorded, shifts: [{ ...shift, end: '' }] })).toBe(true);
  expect(changedFields(stored, recorded)).toEqual(['recorded', 'shifts']);
});
