// Conditions from an address and back.
import { expect, test } from 'vitest';
import { addressOf, filtersOf, orderOf, queryOf, sorted } from './filters';

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
  expect(queryOf({ q: '007', active: 'perhaps' })).toEqual({ q: '007' });
});

test('an order stands in the address, too', () => {
  expect(orderOf(new URLSearchParams(addressOf({ q: 'ana' }, 'last_name')))).toBe('last_name');
  expect(orderOf(new URLSearchParams('order=sideways'))).toBe('created');
});

test('sorts by last name, then by the whole name', () => {
  const people = [{ display_name: 'Zoe Ávila', last_name: 'Ávila' }, { display_name: 'Ana Silva', last_name: 'Silva' }, { display_name: 'Bea Avila', last_name: 'Avila' }];
  expect(sorted(people, 'last_name').map((person) => person.display_name)).toEqual(['Bea Avila', 'Zoe Ávila', 'Ana Silva']);
  expect(sorted(people, 'created')).toBe(people);
});
