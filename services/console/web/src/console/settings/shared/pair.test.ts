// Tests of reading places.
import { expect, it } from 'vitest';
import { readPair } from './pair';

it('reads what maps copy', () => {
  expect(readPair('38.7169, -9.1399')).toEqual([38.7169, -9.1399]);
  expect(readPair(' 38.7169 −9.1399\n')).toEqual([38.7169, -9.1399]);
  expect(readPair('38.7169°;9')).toEqual([38.7169, 9]);
});

it('refuses what is no place', () => {
  for (const text of ['', '38', '91, 0', '0, 181', '1, 2, 3', 'a, b', '1,5, 2,5']) expect(readPair(text), text).toBeNull();
});
