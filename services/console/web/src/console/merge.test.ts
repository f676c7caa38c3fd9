// Tests of merging forms.
import { describe, expect, it } from 'vitest';
import { changed, emptyAsNull, rebase, same } from './merge';

describe('same', () => {
  it('compares deeply, without regard to the order of keys', () => {
    expect(same({ a: [1, { b: null }], c: 'x' }, { c: 'x', a: [1, { b: null }] })).toBe(true);
    expect(same([1, 2], [2, 1])).toBe(false);
    expect(same({ a: undefined }, { b: undefined })).toBe(false);
    expect(same(null, {})).toBe(false);
    expect(same([], {})).toBe(false);
  });
});

describe('changed', () => {
  it('holds only what differs', () => {
    expect(changed({ name: 'A', base: null as unknown }, { name: 'A', base: { lat: 1, lng: 2 } })).toEqual({ base: { lat: 1, lng: 2 } });
  });
});

describe('rebase', () => {
  const stored = { name: 'A', notes: 'old', active: true };
  it('keeps own changes and takes theirs', () => {
    const result = rebase(stored, { ...stored, name: 'B' }, { ...stored, notes: 'new' });
    expect(result).toEqual({ form: { name: 'B', notes: 'new', active: true }, clashes: [] });
  });
  it('names fields that both changed', () => {
    const result = rebase(stored, { ...stored, name: 'B' }, { ...stored, name: 'C' });
    expect(result).toEqual({ form: { name: 'B', notes: 'old', active: true }, clashes: ['name'] });
  });
  it('finds no clash where both wrote the same', () => {
    expect(rebase(stored, { ...stored, name: 'B' }, { ...stored, name: 'B' }).clashes).toEqual([]);
  });
});

it('clears a text that is emptied', () => {
  expect(emptyAsNull({ note: ' ', count: 0, name: ' Ana ' })).toEqual({ note: null, count: 0, name: 'Ana' });
});
