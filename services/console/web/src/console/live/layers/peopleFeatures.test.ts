// People as features, and what leads from one drawing to the next.
import { expect, test } from 'vitest';
import type { Person } from '../data/person';
import { addChange, drawnOf, emptyDiff, isEmpty } from './peopleFeatures';

const person = (more: Partial<Person> = {}): Person => ({
  staff_id: 'a', display_name: 'Ana', position: { lat: 60, lng: 10 }, age_s: 0, fix_at: null, accuracy_m: 8, grade: 'live', source: 'ping', on_shift: null, busy: null, seenMs: 0, ...more,
});
const drawn = (more: Partial<Person> = {}, now = 0, isNear = true) => drawnOf(person(more), 7, now, isNear);

test('a new person is added with all that the layers read', () => {
  const diff = emptyDiff();
  addChange(diff, undefined, drawn({ moving: true }));
  expect(diff.add).toEqual([{
    type: 'Feature', id: 7, geometry: { type: 'Point', coordinates: [10, 60] }, properties: { look: 'unknown0', kind: 'fix', moving: true, busy: false, name: 'Ana', ring: 16 },
  }]);
});

test('from afar people carry neither names nor rings', () => {
  expect(drawn({}, 0, false).properties).toMatchObject({ name: '', ring: 0 });
});

test('without a live fix nobody moves or has a ring', () => {
  expect(drawn({ source: 'home', moving: true, busy: true }).properties).toEqual({ look: 'busy0', kind: 'hollow', moving: false, busy: false, name: 'Ana', ring: 0 });
});

test('only what differs is sent', () => {
  const same = emptyDiff();
  addChange(same, drawn(), drawn({}, 60_000));
  expect(isEmpty(same)).toBe(true);
  const moved = emptyDiff();
  addChange(moved, drawn(), drawn({ position: { lat: 60, lng: 11 } }));
  expect(moved.update).toEqual([{ id: 7, newGeometry: { type: 'Point', coordinates: [11, 60] } }]);
  const older = emptyDiff();
  addChange(older, drawn(), drawn({}, 3_600_000));
  expect(older.update).toEqual([{ id: 7, addOrUpdateProperties: [{ key: 'look', value: 'unknown3' }] }]);
});
