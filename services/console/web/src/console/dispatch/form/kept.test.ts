// Changes of cases that are kept while one looks at something else.
import { expect, test, vi } from 'vitest';
import type { Schemas } from '../../../api/api';
import { draftOf } from './draft';
import { isUnsaved, keepEdit, kept } from './kept';

vi.mock('../../../state/session.svelte', () => ({ session: { over: false } }));

const zone = 'Europe/Lisbon';
const base = { id: 'c', title: 'Watch the office', position: { lat: 38.7, lng: -9.1 }, duration_min: 90, slots: 1 } as Schemas['CaseDetails'];

test('a change is kept with its version, and forgotten when it is taken back', () => {
  const draft = { ...draftOf(base, zone), title: 'Watch the harbour' };
  keepEdit({ draft, base, etag: '"3"' }, zone);
  expect(kept.edits.get('c')).toEqual({ draft, base, etag: '"3"' });
  keepEdit({ draft: draftOf(base, zone), base, etag: '"3"' }, zone);
  expect(kept.edits.has('c')).toBe(false);
});

test('a new form and a change taken back are nothing to lose', () => {
  expect(isUnsaved()).toBe(false);
  kept.draft = draftOf(null, zone);
  expect(isUnsaved()).toBe(false);
  kept.draft = { ...draftOf(null, zone), title: 'Fetch the keys' };
  expect(isUnsaved()).toBe(true);
  kept.draft = null;
  keepEdit({ draft: { ...draftOf(base, zone), title: 'Watch the harbour' }, base, etag: '"3"' }, zone);
  expect(isUnsaved()).toBe(true);
  kept.edits.clear();
  expect(isUnsaved()).toBe(false);
});
