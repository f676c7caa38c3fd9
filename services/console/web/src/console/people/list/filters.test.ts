// Conditions from an address and back.
import { expect, test } from 'vitest';
import { addressOf, filtersOf, orderOf, queryOf } from './filters';

test('reads what it knows and leaves the rest', () => {
  expect(filtersOf(new URLSearchParams('q=ana&tab=1&kind=external&tag='))).toEqual({ q: 'ana', kind: 'external' });
});

test('writes an address that reads back', () => {
  const filters = { q: 'ana maria', active: 'false', deleted: 'only' };
  expect(filtersOf(new URLSearchParams(addressOf(filters)))).toEqual(filters);
  expect(addressOf({})).toBe('');
});

test('asks with a truth value, and not with words that hold nothing', () => {
  expect(queryOf({ q: '…', active: 'false', role: 'general' })).toEqual({ active: false, role: 'general' });
  expect(queryOf({ tracked: 'true', skill: 'camera' })).toEqual({ tracked: true, skill: 'camera' });
  expect(queryOf({ q: '007', active: 'perhaps', tracked: 'no' })).toEqual({ q: '007' });
});

test('an order stands in the address, too', () => {
  expect(orderOf(new URLSearchParams(addressOf({ q: 'ana' }, 'name')))).toBe('name');
  expect(orderOf(new URLSearchParams('order=sideways'))).toBe('created');
});
