// What is typed is asked for once, and a late answer to older letters is dropped.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { TypedSearch } from './typedSearch.svelte';

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

test('two letters are asked for after a moment, and the newest answer counts', async () => {
  const asked: { what: string; answer: (found: string[]) => void }[] = [];
  const search = new TypedSearch<string>((what) => new Promise((answer) => { asked.push({ what, answer }); }));
  search.find('1');
  search.find('10');
  search.find('104');
  await vi.advanceTimersByTimeAsync(300);
  search.find('1042');
  await vi.advanceTimersByTimeAsync(300);
  expect(asked.map((one) => one.what)).toEqual(['104', '1042']);
  asked[1]!.answer(['case 1042']);
  await vi.advanceTimersByTimeAsync(0);
  asked[0]!.answer(['case 1041']);
  await vi.advanceTimersByTimeAsync(0);
  expect([search.items, search.answered, search.running]).toEqual([['case 1042'], '1042', false]);
  search.find('1');
  expect([search.items, search.answered]).toEqual([[], '']);
});
