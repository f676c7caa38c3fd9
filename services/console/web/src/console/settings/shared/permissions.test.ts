// Tests of permissions by level.
import { expect, it } from 'vitest';
import { levelOf, ofLevel, sorted } from './permissions';

it('knows the level that permissions are exactly', () => {
  expect(levelOf('tracking', [])).toBe('none');
  expect(levelOf('tracking', ofLevel('tracking', 'edit'))).toBe('edit');
  expect(levelOf('staff', ['staff:view', 'staff:edit', 'staff:manage'])).toBe('some');
  expect(levelOf('staff', ['staff.pii:read'])).toBe('some');
  expect(levelOf('cases', ['cases:manage', 'cases:edit', 'cases:view', 'staff:view'])).toBe('manage');
});

it('sorts as the vocabulary does and keeps unknown words', () => {
  expect(sorted(['later:word', 'cases:view', 'staff:view'])).toEqual(['staff:view', 'cases:view', 'later:word']);
});
