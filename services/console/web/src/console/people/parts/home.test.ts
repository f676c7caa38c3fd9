// What is sent for a changed address or home.
import { expect, test } from 'vitest';
import { homeOf, homePatch, incomplete, type HomeFields } from './home';

const fields: HomeFields = { address: { street: 'Rua 1 ', city: 'Porto', region: '', postcode: '', country: 'PT' }, lat: '41,15', lng: '-8.61' };

test('an address goes whole, an empty one clears', () => {
  expect(homePatch({ address: fields.address }, fields)).toEqual({ address: { street: 'Rua 1', city: 'Porto', region: null, postcode: null, country: 'PT' } });
  const blank = { ...fields, address: { street: ' ', city: '', region: '', postcode: '', country: '' } };
  expect(homePatch({ address: blank.address }, blank)).toEqual({ address: null });
});

test('home goes with both coordinates, or is cleared', () => {
  expect(homePatch({ lat: '41,15' }, fields)).toEqual({ home: { lat: 41.15, lng: -8.61 } });
  expect(homePatch({ lat: '', lng: '' }, { ...fields, lat: '', lng: '' })).toEqual({ home: null });
});

test('one coordinate alone is incomplete', () => {
  expect(incomplete({ ...fields, lng: '' })).toBe(true);
  expect(incomplete({ ...fields, lat: '', lng: ' ' })).toBe(false);
});

test('the mark is where the fields say', () => {
  expect(homeOf(fields)).toEqual({ lat: 41.15, lng: -8.61 });
  expect(homeOf({ ...fields, lat: '91' })).toBeNull();
  expect(homeOf({ ...fields, lng: 'west' })).toBeNull();
});
