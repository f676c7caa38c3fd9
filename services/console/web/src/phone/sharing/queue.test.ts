import { beforeEach, expect, test } from 'vitest';
import { fakeBrowser, fixAt } from './browser.fake';
import { Queue } from './queue';

beforeEach(() => fakeBrowser());

test('the oldest come first, whatever the order they were stored in', async () => {
  const queue = new Queue();
  for (const minute of [5, 1, 3]) await queue.add('mary', fixAt(`at-${minute}`, minute));
  expect((await queue.oldest('mary', 2)).map((one) => one.key)).toEqual(['at-1', 'at-3']);
  expect(await queue.count('mary')).toBe(3);
});

test('a page that is opened anew finds what the last one stored', async () => {
  await new Queue().add('mary', fixAt('kept', 1));
  expect(await new Queue().oldest('mary', 100)).toEqual([fixAt('kept', 1)]);
});

test('the same key is stored once', async () => {
  const queue = new Queue();
  await queue.add('mary', fixAt('same', 1));
  await queue.add('mary', fixAt('same', 1));
  expect(await queue.count('mary')).toBe(1);
});

test('a person sees only their own', async () => {
  const queue = new Queue();
  await queue.add('mary', fixAt('a', 1));
  await queue.add('vera', fixAt('b', 2));
  expect((await queue.oldest('vera', 100)).map((one) => one.key)).toEqual(['b']);
  await queue.clear('mary');
  expect([await queue.count('mary'), await queue.count('vera')]).toEqual([0, 1]);
});

test('only what was sent is forgotten', async () => {
  const queue = new Queue();
  for (const minute of [1, 2, 3]) await queue.add('mary', fixAt(`at-${minute}`, minute));
  const sent = await queue.oldest('mary', 2);
  await queue.add('mary', fixAt('at-0', 0));
  await queue.remove(sent.map((one) => one.key));
  expect((await queue.oldest('mary', 100)).map((one) => one.key)).toEqual(['at-0', 'at-3']);
});
