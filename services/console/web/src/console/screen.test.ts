import { expect, test } from 'vitest';
import { screenOf } from './screen';

const same = (one: string, other: string) => screenOf(one) === screenOf(other);

test('the parts of a person are one page, and another person is another', () => {
  expect(same('/people/7', '/people/7/access')).toBe(true);
  expect(same('/people/7/profile', '/people/8/profile')).toBe(false);
  expect(same('/people', '/people/7/profile')).toBe(false);
});

test('a list of the settings is one page with its dialogs, and an editor is its own', () => {
  expect(same('/settings/departments', '/settings/departments/7')).toBe(true);
  expect(same('/settings/departments', '/settings/tags')).toBe(false);
  expect(same('/settings/regions', '/settings/regions/7')).toBe(false);
});
