import { expect, test } from 'vitest';
import { columnName, filePlace } from './columns';

test('columns are read as words', () => {
  expect(columnName('first_name')).toBe('First name');
  expect(columnName('id')).toBe('Id');
  expect(columnName('')).toBe('');
});

test('a fault of a file is at a line, a column, or the whole', () => {
  expect(filePlace('/1/2: frist_name')).toEqual({ line: 1, column: 2, name: 'frist_name' });
  expect(filePlace('/1/2: home~1base')?.name).toBe('home/base');
  expect(filePlace('/7')).toEqual({ line: 7, column: null, name: null });
  expect(filePlace('')).toBeNull();
});
