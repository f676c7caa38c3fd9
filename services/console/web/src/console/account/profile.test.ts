import { expect, test } from 'vitest';
import { formOf, patchOf } from './profile';

type Staff = Parameters<typeof formOf>[0];
const stored = formOf({ language: 'en', time_zone: null, max_travel_km: 12.5, birth_date: null, signature: null, address: { street: 'Cais 1', city: 'Lisboa' } } as Staff);

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
