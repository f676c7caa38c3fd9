import { expect, test, vi } from 'vitest';
import { api } from '../../api/api';
import { OwnExport } from './export.svelte';

test('an export that is closed asks no more, whatever was on its way', async () => {
  vi.useFakeTimers();
  vi.stubGlobal('localStorage', { getItem: () => JSON.stringify({ staff: 'mary', id: 'archive' }) });
  let answer = () => {};
  const file = { data: { id: 'archive', ready: false, job_id: null } };
  const get = vi.spyOn(api, 'GET').mockImplementation((() => new Promise((resolve) => { answer = () => resolve(file); })) as never);
  const own = new OwnExport('mary');
  answer();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(get).toHaveBeenCalledTimes(2);
  own.close();
  answer();
  await vi.advanceTimersByTimeAsync(10_000);
  expect(get).toHaveBeenCalledTimes(2);
  vi.useRealTimers();
});
