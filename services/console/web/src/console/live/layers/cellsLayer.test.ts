// People of whom only the cell is known.
import { expect, test } from 'vitest';
import type { Person } from '../data/person';
import { cellsOf } from './cellsLayer';

const coarse = (staff_id: string, lng: number, more: Partial<Person> = {}): Person => ({
  staff_id, display_name: staff_id, position: { lat: 38.7, lng }, age_s: 0, fix_at: null, accuracy_m: null, grade: 'coarse', source: 'ping', on_shift: null, busy: null, seenMs: 0, ...more,
});

test('people of one cell are one circle', () => {
  const cells = cellsOf([coarse('a', -9.1), coarse('b', -9.1, { source: 'home' }), coarse('c', -9.2), coarse('d', -9.1, { accuracy_m: 300 })]);
  expect(cells).toEqual([
    { lat: 38.7, lng: -9.1, people: ['a', 'b'], live: 1 },
    { lat: 38.7, lng: -9.2, people: ['c'], live: 1 },
  ]);
});
