import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, expect, test } from 'vitest';
import type { Fix } from './fix';
import { Queue } from './queue';

function fix(key: string, minute: number): Fix {
  return { key, fix_at: new Date(Date.UTC(2026, 10, 29, 12, minute)).toISOString(), lat: 38.7, lng: -9.1, accuracy_m: 8 };
}

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

test('the oldest come first, whatever the order they were stored in', async () => {
  const queue = new Queue();
  for (const minute of [5, 1, 3]) await queue.add('phone', fix(`at-${minute}`, minute));
  expect((await queue.oldest('phone', 2)).map((one) => one.key)).toEqual(['at-1', 'at-3']);
  expect(await queue.count('phone')).toBe(3);
});

test('a page that is opened anew finds what the last one stored', async () => {
  await new Queue().add('phone', fix('kept', 1));
  expect(await new Queue().oldest('phone', 100)).toEqual([fix('kept', 1)]);
});

test('the same key is stored once', async () => {
  const queue = new Queue();
  await queue.add('phone', fix('same', 1));
  await queue.add('phone', fix('same', 1));
  expect(await queue.count('phone')).toBe(1);
});

test('a device sees only what it took itself', async () => {
  const queue = new Queue();
  await queue.add('first', fix('a', 1));
  await queue.add('second', fix('b', 2));
  expect((await queue.oldest('second', 100)).map((one) => one.key)).toEqual(['b']);
  await queue.clear('first');
  expect([await queue.count('first'), await queue.count('second')]).toEqual([0, 1]);
});

test('only what was sent is forgotten', async () => {
  const queue = new Queue();
  for (const minute of [1, 2, 3]) await queue.add('phone', fix(`at-${minute}`, minute));
  const sent = await queue.oldest('phone', 2);
  await queue.add('phone', fix('at-0', 0));
  await queue.remove(sent.map((one) => one.key));
  expect((await queue.oldest('phone', 100)).map((one) => one.key)).toEqual(['at-0', 'at-3']);
});
