// Tests of areas, their text, and what pointers name in it.
import { describe, expect, it } from 'vitest';
import { cornerAt, geometryOf, inserted, moved, partsOf, rounded, withHole, without, withPart, type Area } from './area';
import { cornerAtOffset, readRing } from './corners';
import { choices, geometryIn, lineOf, nameIn, rangeOf, read, shapeOf, write } from './document';

const square: Area = [[[[0, 0], [4, 0], [4, 4], [0, 4]]]];

describe('areas', () => {
  it('come from GeoJSON and go back, closed', () => {
    const geometry = geometryOf(square);
    expect(geometry).toEqual({ type: 'Polygon', coordinates: [[[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]]] });
    expect(partsOf(geometry)).toEqual(square);
    expect(geometryOf(withPart(square, [[9, 9], [10, 9], [10, 10]])).type).toBe('MultiPolygon');
  });

  it('have corners that move, come and go', () => {
    const at = { part: 0, ring: 0, corner: 1 };
    expect(cornerAt(moved(square, at, [5, 0]), at)).toEqual([5, 0]);
    expect(cornerAt(inserted(square, at, [2, -1]), { ...at, corner: 2 })).toEqual([4, 0]);
    expect(without(square, at)).toEqual([[[[0, 0], [4, 4], [0, 4]]]]);
  });

  it('lose a ring that has too few corners', () => {
    const holed = withHole(square, [[1, 1], [2, 1], [2, 2]])!;
    expect(holed[0]).toHaveLength(2);
    expect(without(holed, { part: 0, ring: 1, corner: 0 })).toEqual(square);
    expect(without([[[[0, 0], [4, 0], [4, 4]]]], { part: 0, ring: 0, corner: 0 })).toEqual([]);
    expect(withHole(square, [[9, 9], [10, 9], [10, 10]])).toBeNull();
  });

  it('keep six digits within the globe', () => {
    expect(rounded(181, 38.12345678)).toEqual([180, 38.123457]);
  });
});

describe('documents', () => {
  it('are read in wrappers of one', () => {
    const geometry = geometryOf(square);
    for (const value of [geometry, { type: 'Feature', geometry }, { type: 'FeatureCollection', features: [{ type: 'Feature', geometry }] }, { type: 'GeometryCollection', geometries: [geometry] }]) {
      expect(geometryIn(value)).toEqual(geometry);
    }
    expect(geometryIn({ type: 'Point', coordinates: [0, 0] })).toBeNull();
    expect(geometryIn({ type: 'Polygon', coordinates: [[['0', 0]]] })).toBeNull();
  });

  it('say where they are broken', () => {
    expect(read('  ')).toEqual({ kind: 'empty' });
    expect(read('{"type": }')).toMatchObject({ kind: 'broken', offset: 9 });
    expect(read('{"a": 1}')).toEqual({ kind: 'json', value: { a: 1 }, area: null });
  });

  it('offer the areas of a collection', () => {
    const feature = (name: string) => ({ type: 'Feature', properties: { Name: name }, geometry: geometryOf(square) });
    const found = choices({ type: 'FeatureCollection', features: [feature('A'), { type: 'Feature', geometry: { type: 'Point' } }, feature('B')] });
    expect(found.map(({ name }) => name)).toEqual(['A', 'B']);
    expect(choices({ type: 'FeatureCollection', features: [feature('A')] })).toEqual([]);
    expect(nameIn(feature(' A '))).toBe('A');
  });

  it('are found again by pointers', () => {
    const text = write(geometryOf(square));
    expect(JSON.parse(text)).toEqual(geometryOf(square));
    const range = rangeOf(text, '/coordinates/0/2')!;
    expect(text.slice(range.from, range.to)).toBe('[4, 4]');
    expect(lineOf(text, range.from)).toBe(7);
    const around = rangeOf(text, '/coordinates/0/99/0')!;
    expect(text.slice(around.from, around.from + 1)).toBe('[');
    expect(rangeOf('', '/a')).toBeNull();
  });

  it('show pointers on the map', () => {
    const value = { type: 'Feature', geometry: geometryOf(square) };
    expect(shapeOf(value, '/geometry/coordinates/0/1')).toEqual({ kind: 'point', at: [4, 0] });
    expect(shapeOf(value, '/geometry/coordinates/0/1/0')).toEqual({ kind: 'point', at: [4, 0] });
    expect(shapeOf(value, '/geometry/coordinates')).toMatchObject({ kind: 'lines', lines: [expect.any(Array)] });
    expect(shapeOf(value, '/geometry/type')).toBeNull();
  });
});

describe('corners as text', () => {
  it('are read with latitude first', () => {
    expect(readRing('38.7, -9.1\n\n 38.8 -9.2 \n')).toEqual({ ring: [[-9.1, 38.7], [-9.2, 38.8]] });
    expect(readRing('38.7, -9.1\nabc')).toEqual({ line: 2 });
  });

  it('are found by where the caret is', () => {
    expect(cornerAtOffset('1, 2\n\n3, 4\n5, 6', 8)).toBe(1);
    expect(cornerAtOffset('1, 2\n', 0)).toBe(0);
  });
});
