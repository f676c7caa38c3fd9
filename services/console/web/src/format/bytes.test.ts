// Sizes of files.
import { expect, test } from 'vitest';
import { bytes } from './bytes';

test('sizes change their unit where they would need four digits', () => {
  expect(bytes(0)).toBe('0 B');
  expect(bytes(999)).toBe('999 B');
  expect(bytes(1_000)).toBe('1.0 kB');
  expect(bytes(12_300)).toBe('12 kB');
  expect(bytes(999_499)).toBe('999 kB');
  expect(bytes(999_500)).toBe('1.0 MB');
});
