// When people are counted, and when a viewport is asked for anew.
import { expect, test } from 'vitest';
import type { Box } from '../../../map/geometry';
import { askFor, isOutgrown, modeFor } from './crowd';

const city: Box = { west: -9.2, south: 38.6, east: -9.0, north: 38.8 };
const moved = (box: Box, by: number): Box => ({ ...box, west: box.west + by, east: box.east + by });

test('people are counted where they would lie on each other', () => {
  expect(modeFor({ people: 50, cells: 1 }, 3, 'people')).toBe('people');
  expect(modeFor({ people: 200, cells: 20 }, 8, 'people')).toBe('counts');
  expect(modeFor({ people: 200, cells: 150 }, 6, 'people')).toBe('people');
  expect(modeFor({ people: 9_000, cells: 20 }, 12, 'people')).toBe('people');
  expect(modeFor({ people: 10_001, cells: 900 }, 12, 'people')).toBe('counts');
});

test('a number near the limit does not flicker', () => {
  const near = { people: 290, cells: 100 };
  expect(modeFor(near, 8, 'people')).toBe('people');
  expect(modeFor(near, 8, 'counts')).toBe('counts');
  expect(modeFor({ people: 230, cells: 100 }, 8, 'counts')).toBe('people');
});

test('small moves ask nothing, leaving what was asked for does', () => {
  const asked = askFor(city);
  expect(asked.east - asked.west).toBeCloseTo(0.3);
  expect(isOutgrown(asked, city)).toBe(false);
  expect(isOutgrown(asked, moved(city, 0.049))).toBe(false);
  expect(isOutgrown(asked, moved(city, 0.051))).toBe(true);
});

test('looking at far less asks for less', () => {
  const street: Box = { west: -9.11, south: 38.7, east: -9.1, north: 38.71 };
  expect(isOutgrown(askFor(city), street)).toBe(true);
});
