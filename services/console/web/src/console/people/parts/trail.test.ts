// Entries of the audit trail as rows.
import { expect, test } from 'vitest';
import { rowsOf, written } from './trail';

test('values apart, in pairs, and in the open', () => {
  expect(rowsOf({ details: {}, changes: { before: { city: 'Porto', version: 1 }, after: { city: 'Faro', version: 2 } } } as never)).toEqual([{ field: 'city', before: 'Porto', after: 'Faro' }]);
  expect(rowsOf({ details: {}, changes: { before: null, after: { state: { before: 'a', after: 'b' } } } } as never)).toEqual([{ field: 'state', before: 'a', after: 'b' }]);
  expect(rowsOf({ details: { margin: { before: null, after: 30 }, granted: true }, changes: null } as never)).toEqual([{ field: 'margin', before: null, after: 30 }]);
});

test('leaves out what did not change', () => {
  expect(rowsOf({ details: {}, changes: { before: {}, after: { note: null, tags: [], name: 'Ana' } } } as never)).toEqual([{ field: 'name', before: undefined, after: 'Ana' }]);
});

test('writes values, with names for ids', () => {
  const texts = { empty: 'empty', yes: 'yes', no: 'no' };
  const name = (id: string) => (id === '1' ? 'North' : undefined);
  expect(written(['1', '2'], texts, name)).toBe('North, 2');
  expect(written({ code: 'camera', level: 3, until: null }, texts, name)).toBe('code camera, level 3');
  expect(written([], texts, name)).toBe('empty');
  expect(written(false, texts, name)).toBe('no');
});
