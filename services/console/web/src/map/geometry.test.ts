// Boxes, circles and areas.
import { expect, test } from 'vitest';
import { bboxText, boxAround, circle, grow, holds, isInArea, isInside, labelPoint, metresBetween, union } from './geometry';

const box = { west: -9.2, south: 38.6, east: -9.0, north: 38.8 };

test('a grown box keeps its centre and holds the old one', () => {
  const grown = grow(box, 1.5);
  expect(grown.west).toBeCloseTo(-9.25);
  expect(grown.north).toBeCloseTo(38.85);
  expect(holds(grown, box)).toBe(true);
  expect(holds(box, grown)).toBe(false);
});

test('boxes are written as the API reads them', () => {
  expect(bboxText({ west: -9.123_44, south: 38.6, east: -9.000_01, north: 38.8 })).toBe('-9.1235,38.6,-9,38.8');
  expect(bboxText({ west: 170, south: -10, east: 190, north: 10 })).toBe('170,-10,-170,10');
  expect(bboxText({ west: -190, south: -10, east: -170, north: 10 })).toBe('170,-10,-170,10');
  expect(bboxText({ west: -300, south: -95, east: 300, north: 95 })).toBe('-180,-90,180,90');
});

test('a place is inside on every copy of the world', () => {
  expect(isInside({ west: 170, south: -10, east: 190, north: 10 }, { lat: 0, lng: -175 })).toBe(true);
  expect(isInside(box, { lat: 38.7, lng: -9.1 })).toBe(true);
  expect(isInside(box, { lat: 38.9, lng: -9.1 })).toBe(false);
});

test('boxes around places', () => {
  expect(boxAround([])).toBeNull();
  expect(boxAround([{ lat: 1, lng: 2 }, { lat: -1, lng: 5 }])).toEqual({ west: 2, south: -1, east: 5, north: 1 });
  expect(union(null, box)).toEqual(box);
  expect(union({ ...box, east: 0 }, box)?.east).toBe(0);
});

test('a circle has its radius on every side', () => {
  const centre = { lat: 60, lng: 10 };
  for (const [lng, lat] of circle(centre, 500).coordinates[0]!) {
    expect(metresBetween(centre, { lat: lat!, lng: lng! })).toBeCloseTo(500, -1);
  }
});

test('the antimeridian is no way round the globe', () => {
  expect(metresBetween({ lat: 0, lng: 179.999 }, { lat: 0, lng: -179.999 })).toBeCloseTo(222, -1);
});

test('areas hold places, without their holes, and have a place for their name', () => {
  const square = [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]];
  const hole = [[1, 1], [3, 1], [3, 3], [1, 3], [1, 1]];
  const area = { type: 'MultiPolygon' as const, coordinates: [[square, hole]] };
  expect(isInArea(area, { lat: 0.5, lng: 2 })).toBe(true);
  expect(isInArea(area, { lat: 2, lng: 2 })).toBe(false);
  expect(isInArea(area, { lat: 5, lng: 2 })).toBe(false);
  expect(labelPoint(area)).toEqual({ lat: 2, lng: 2 });
});
