import { expect, test } from 'vitest';
import { columnName, fileSize } from './columns';

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
