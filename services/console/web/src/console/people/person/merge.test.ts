// Forms that meet what others changed.
import { expect, test } from 'vitest';
import { changed, emptyAsNull, merged } from './merge';

const base = { name: 'Ana', tags: ['a'], note: '' };

test('names only what was changed', () => {
  expect(changed(base, { ...base, tags: ['a'] })).toEqual({});
  expect(changed(base, { ...base, tags: ['a', 'b'] })).toEqual({ tags: ['a', 'b'] });
});

test('keeps what was typed and follows the rest', () => {
  const typed = { ...base, name: 'Anna' };
  const stored = { name: 'Ana', tags: ['c'], note: 'new' };
  expect(merged(base, typed, stored)).toEqual({ name: 'Anna', tags: ['c'], note: 'new' });
});

test('an emptied text clears', () => {
  expect(emptyAsNull({ note: ' ', count: 0, name: ' Ana ' })).toEqual({ note: null, count: 0, name: 'Ana' });
});
