// Titles of the console's pages.
import { expect, test } from 'vitest';
import { titleOf } from './title';

test('each page has a title of its own', () => {
  const pages = ['/', '/day', '/people', '/people/import', '/settings', '/settings/regions', '/audit', '/account', '/nowhere'];
  const titles = pages.map(titleOf);
  expect(titles[0]).toBe('Live – Nearhand');
  expect(new Set(titles).size).toBe(pages.length);
  expect(titleOf('/people/0192f3a1/skills')).toBe(titleOf('/people'));
});
