// People as features, and what leads from one drawing to the next.
import { expect, test } from 'vitest';
import type { Person } from '../data/person';
import { addChange, drawnOf, emptyDiff, isEmpty } from './peopleFeatures';

const person = (more: Partial<Person> = {}): Person => ({
  staff_id: 'a', display_name: 'Ana', position: { lat: 60, lng: 10 }, age_s: 0, fix_at: null, accuracy_m: 8, grade: 'live', source: 'ping', seenMs: 0, ...more,
});

test('a new person is added with all that the layers read', () => {
  const diff = emptyDiff();
  addChange(diff, undefined, drawnOf(person({ moving: true }), 7, 0));
  expect(diff.add).toEqual([{ type: 'Feature', id: 7, geometry: { type: 'Point', coordinates: [10, 60] }, properties: { n: 'Ana', duty: 'unknown', hollow: false, moving: true, age: 0, ring: expect.closeTo(16) } }]);
});

test('only what differs is sent', () => {
  const before = drawnOf(person(), 7, 0);
  const same = emptyDiff();
  addChange(same, before, drawnOf(person(), 7, 60_000));
  expect(isEmpty(same)).toBe(true);
  const moved = emptyDiff();
  addChange(moved, before, drawnOf(person({ position: { lat: 60, lng: 11 } }), 7, 0));
  expect(moved.update).toEqual([{ id: 7, newGeometry: { type: 'Point', coordinates: [11, 60] } }]);
  const older = emptyDiff();
  addChange(older, before, drawnOf(person(), 7, 3_600_000));
  expect(older.update).toEqual([{ id: 7, addOrUpdateProperties: [{ key: 'age', value: 3 }] }]);
});
