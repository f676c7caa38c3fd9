import { expect, test } from 'vitest';
import { Pager } from './pager.svelte';
import { Problem } from './problem';

/** A list of so many numbers in pages of two; notes each cursor that was asked for. */
function numbers(count: number, asked: (string | undefined)[] = []) {
  return async (cursor: string | undefined) => {
    asked.push(cursor);
    const from = Number(cursor ?? 0);
    const to = Math.min(from + 2, count);
    return { items: Array.from({ length: to - from }, (_, at) => from + at), next_cursor: to < count ? String(to) : null };
  };
}

test('a list is read page by page', async () => {
  const list = new Pager<number>();
  await list.start(numbers(5));
  expect(list.items).toEqual([0, 1]);
  await list.next();
  await list.next();
  expect(list.items).toEqual([0, 1, 2, 3, 4]);
  expect(list.more).toBe(false);
});

test('reading again reads as much as was read before', async () => {
  const asked: (string | undefined)[] = [];
  const list = new Pager<number>();
  await list.start(numbers(7, asked));
  await list.next();
  asked.length = 0;
  await list.again();
  expect(asked).toEqual([undefined, '2']);
  expect(list.items).toEqual([0, 1, 2, 3]);
  expect(list.more).toBe(true);
  await list.next();
  expect(list.items).toEqual([0, 1, 2, 3, 4, 5]);
});

test('another question begins with its first page', async () => {
  const list = new Pager<number>();
  await list.start(numbers(7));
  await list.next();
  const asked: (string | undefined)[] = [];
  await list.start(numbers(9, asked));
  expect(asked).toEqual([undefined]);
  expect(list.items).toEqual([0, 1]);
});

test('a page that fails leaves what was read', async () => {
  const list = new Pager<number>();
  const good = numbers(6);
  let broken = false;
  await list.start(async (cursor) => {
    if (broken && cursor === '2') throw new Problem(503, 'unavailable', 'not now');
    return good(cursor);
  });
  await list.next();
  broken = true;
  await list.again();
  expect(list.problem?.status).toBe(503);
  expect(list.items).toEqual([0, 1, 2, 3]);
  broken = false;
  await list.again();
  expect(list.problem).toBeNull();
  expect(list.items).toEqual([0, 1, 2, 3]);
});
