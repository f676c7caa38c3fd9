// Conflicts in words.
import { expect, test } from 'vitest';
import { conflictWords } from './conflicts';

test('a conflict names the case or the absence and its time, and no id', () => {
  const id = '0192f3a1-7c5e-7d2b-8f00-3c1d5e9a4b10';
  const found = conflictWords(`assignment ${id} to case 1042 (${id}) from 2026-11-29T12:00:00Z to 2026-11-29T13:30:00Z`, 'Europe/Lisbon');
  expect(found).toMatch(/^Case 1042, from .*12:00.*:30/);
  expect(found).not.toContain(id);
  expect(conflictWords(`time off ${id} from 2026-11-29T00:00:00Z to 2026-11-30T00:00:00Z`, 'Europe/Lisbon')).toMatch(/^Time off, from /);
  expect(conflictWords('something new', 'Europe/Lisbon')).toBe('something new');
});
