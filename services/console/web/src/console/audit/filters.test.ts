import { expect, test } from 'vitest';
import { differing, filled, type Filters } from './filters';

const none: Filters = { actor: '', subject: '', subject_kind: '', action: '', from: '', to: '' };

test('only what changes is a change', () => {
  const filters = { ...none, actor: 'a', subject_kind: 'staff' };
  expect(differing(filters, { ...none })).toEqual({ actor: '', subject_kind: '' });
  expect(differing(filters, { actor: 'a', subject_kind: 'case' })).toEqual({ subject_kind: 'case' });
  expect(filled(filters)).toEqual({ actor: 'a', subject_kind: 'staff' });
});
