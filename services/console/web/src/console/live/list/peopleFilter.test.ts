// Who is listed, and in which order.
import { expect, test } from 'vitest';
import type { Person } from '../data/person';
import { byName, matches, passes, type PeopleFilter } from './peopleFilter';

const all: PeopleFilter = { live: false, onShift: false, free: false, search: '' };
const person = (display_name: string, more: Partial<Person> = {}): Person => ({
  staff_id: display_name, display_name, position: { lat: 38.7, lng: -9.1 }, age_s: 0, fix_at: null, accuracy_m: 5, grade: 'live', source: 'ping', on_shift: null, busy: null, seenMs: 0, ...more,
});

test('each word of a search begins a word of the name, without case and accents', () => {
  expect(matches('João Uchôa', 'uch jo')).toBe(true);
  expect(matches('João Uchôa', 'oao')).toBe(false);
  expect(matches('Ana-Maria Sá', 'mar')).toBe(true);
  expect(matches('Ana', ' ')).toBe(true);
});

test('filters and the viewport leave people out', () => {
  const view = { west: -9.2, south: 38.6, east: -9.0, north: 38.8 };
  expect(passes(person('Ana'), all, view)).toBe(true);
  expect(passes(person('Ana', { position: { lat: 38.7, lng: -8 } }), all, view)).toBe(false);
  expect(passes(person('Ana', { source: 'home' }), { ...all, live: true }, view)).toBe(false);
  expect(passes(person('Ana'), { ...all, onShift: true }, view)).toBe(false);
  expect(passes(person('Ana', { on_shift: true }), { ...all, onShift: true }, view)).toBe(true);
  expect(passes(person('Ana', { on_shift: true, busy: true }), { ...all, free: true }, view)).toBe(false);
  expect(passes(person('Ana', { on_shift: true, busy: false }), { ...all, free: true }, view)).toBe(true);
});

test('the order is that of names, then of ids', () => {
  const sorted = ['Zé', 'ana', 'Álvaro', 'Bea'].map((name) => person(name)).sort(byName);
  expect(sorted.map((one) => one.display_name)).toEqual(['Álvaro', 'ana', 'Bea', 'Zé']);
});
