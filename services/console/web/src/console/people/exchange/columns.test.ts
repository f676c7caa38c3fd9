import { expect, test } from 'vitest';
import { columnName, filePlace, fileSize } from './columns';

test('columns are read as words', () => {
  expect(columnName('first_name')).toBe('First name');
  expect(columnName('id')).toBe('Id');
  expect(columnName('')).toBe('');
});

test('sizes change their unit where they would need four digits', () => {
  expect(fileSize(999)).toBe('999 B');
  expect(fileSize(1_000)).toBe('1 kB');
  expect(fileSize(999_499)).toBe('999 kB');
  expect(fileSize(999_500)).toBe('1.0 MB');
});

test('a fault of a file is at a line, a column, or the whole', () => {
  expect(filePlace('/1/2: frist_name')).toEqual({ line: 1, column: 2, name: 'frist_name' });
  expect(filePlace('/1/2: home~1base')?.name).toBe('home/base');
  expect(filePlace('/7')).toEqual({ line: 7, column: null, name: null });
  expect(filePlace('')).toBeNull();
});
