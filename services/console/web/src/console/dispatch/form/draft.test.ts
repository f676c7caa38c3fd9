// Drafts of cases: what is typed, what is sent, and what becomes of it when somebody else was faster.
import { expect, test } from 'vitest';
import type { Schemas } from '../../../api/api';
import { rebase } from '../../merge';
import { draftOf, inputOf, parsePosition, patchOf, positionText } from './draft';

const zone = 'Europe/Lisbon';
const stored = {
  id: 'c', version: 3, number: '1042', title: 'Watch the office', status: 'open', state: 'open', slots: 1, slots_filled: 0,
  client_id: null, queue_id: null, group_id: null, department_id: null, notes: '', position: { lat: 38.7071234, lng: -9.1355 },
  arrival_radius_m: 150, position_source: 'manual', address: null, geocode_status: null, geocode_precision: null, geocode_detail: null,
  starts_at: '2026-07-01T12:00:30Z', duration_min: 90, urgent: false, services: ['s1'], skills: [{ code: 'camera', required: 2, preferred: 4 }],
  licences: [], languages: ['pt'], language_required: false, created_by: 'x', created_at: '2026-06-01T00:00:00Z', done_at: null, cancelled_at: null, regions: [],
} as Schemas['CaseDetails'];

test('what nobody touched is not sent, even where the form shows it rounded', () => {
  expect(patchOf(draftOf(stored, zone), stored, zone)).toEqual({});
});

test('only what was changed is sent, and emptied means cleared', () => {
  const draft = { ...draftOf(stored, zone), when: 'soon' as const, urgent: true, services: [] };
  expect(patchOf(draft, stored, zone)).toEqual({ starts_at: null, urgent: true, services: [] });
});

test('a new case names no number unless one was typed, and its start in the zone', () => {
  const draft = { ...draftOf(null, zone), title: ' Ask ', when: 'at' as const, start: '2026-07-01T13:00', address: { street: ' Rua 1 ', postcode: '', city: '', region: '', country: '' } };
  const input = inputOf(draft, zone);
  expect(input).not.toHaveProperty('number');
  expect(input).toMatchObject({ title: 'Ask', starts_at: '2026-07-01T12:00:00Z', position: null, address: { street: 'Rua 1' } });
});

test('positions are read latitude first, and written so', () => {
  expect(parsePosition(' 38.7071, -9.1355 ')).toEqual({ lat: 38.7071, lng: -9.1355 });
  expect(parsePosition('38.7 -9')).toEqual({ lat: 38.7, lng: -9 });
  for (const wrong of ['', '38.7', '91, 0', '0, 181', 'a, b', '1,2,3']) expect(parsePosition(wrong)).toBeNull();
  expect(positionText({ lat: 38.70712345, lng: -9.1 })).toBe('38.707123, -9.1');
});

test('on a newer version what was typed stays, and the rest becomes new', () => {
  const before = draftOf(stored, zone);
  const now = draftOf({ ...stored, title: 'Watch the harbour', slots: 2 }, zone);
  const draft = { ...before, slots: 5, notes: 'Bring a torch.' };
  expect(rebase(before, draft, now).form).toMatchObject({ title: 'Watch the harbour', slots: 5, notes: 'Bring a torch.' });
});
