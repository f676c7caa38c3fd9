import { beforeEach, expect, test, vi } from 'vitest';
import { api } from '../../api/api';
import { offline } from '../../api/problem';
import { fakeBrowser, fixAt } from './browser.fake';
import { Sharing } from './sharing.svelte';

type Call = { mock: { calls: [string][] }; mockReset(): void; mockClear(): void; mockImplementation(answer: (path: string) => Promise<unknown>): void };
const get = vi.spyOn(api, 'GET') as unknown as Call;
const put = vi.spyOn(api, 'PUT') as unknown as Call;
const post = vi.spyOn(api, 'POST') as unknown as Call;
const noNetwork = async () => { throw offline(); };

/** What the API answers about Mary, who shares. */
const MARY = {
  '/v1/me': { staff: { id: 'mary' } },
  '/v1/me/duty': { on_duty: true, decided_by: 'switch', off_duty_since: null },
  '/v1/me/tracking': { wanted: true, why: 'wanted', changes_at: null },
  '/v1/me/devices': { items: [{ id: 'phone', staff_id: 'mary', this_browser: true }] },
};

/** The API answers so from now on. */
function answer(answers: Record<string, unknown>): void {
  get.mockImplementation(async (path) => ({ data: answers[path], response: new Response() }));
}

beforeEach(() => {
  fakeBrowser({ device: 'phone', staff: 'mary' });
  localStorage.setItem('nearhand.sharing', 'mary');
  vi.stubGlobal('isSecureContext', true);
  Object.assign(navigator, { geolocation: { watchPosition: () => 1, clearWatch() {} } });
  answer(MARY);
  post.mockImplementation(noNetwork);
});

/** Mary's sharing, which runs. */
async function running(): Promise<Sharing> {
  const sharing = new Sharing('mary');
  await vi.waitFor(() => expect(sharing.locator.state).toBe('seeking'));
  return sharing;
}

test('a log-out that fails loses no position, and sharing goes on', async () => {
  const sharing = await running();
  await sharing.sender.take(fixAt('kept'));
  await expect(sharing.leave(noNetwork)).rejects.toThrow();
  expect([sharing.sender.queued, sharing.locator.state]).toEqual([1, 'seeking']);
  sharing.close();
});

test('a log-out forgets all that is stored of the person, once it has succeeded', async () => {
  const sharing = await running();
  await sharing.sender.take(fixAt('kept'));
  const left = () => sharing.queue.count('mary');
  await sharing.leave(async (forget) => {
    expect([await left(), sharing.running]).toEqual([1, false]);
    await forget();
  });
  expect([await left(), localStorage.getItem('nearhand.device')]).toEqual([0, null]);
  sharing.close();
});

test('off duty that was not told yet is told before one logs out', async () => {
  const sharing = await running();
  put.mockImplementation(noNetwork);
  await sharing.turnOff();
  put.mockReset();
  put.mockImplementation(async () => ({ data: MARY['/v1/me/duty'], response: new Response() }));
  await sharing.leave(async (forget) => {
    expect(put).toHaveBeenCalledTimes(1);
    await forget();
  });
  sharing.close();
});

test('sharing stops at once, and also without a network', async () => {
  const sharing = await running();
  put.mockImplementation(noNetwork);
  const off = sharing.turnOff();
  expect([sharing.running, localStorage.getItem('nearhand.sharing')]).toEqual([false, null]);
  await off;
  expect([sharing.on, sharing.duty.unsaid]).toEqual([false, true]);
  await sharing.shareHere(false);
  expect(sharing.on).toBe(false);
  sharing.close();
});

test('who is set off duty elsewhere shares no more within a minute', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  try {
    const sharing = new Sharing('mary');
    await vi.waitFor(() => expect(sharing.running).toBe(true));
    answer({ ...MARY, '/v1/me/duty': { ...MARY['/v1/me/duty'], on_duty: false } });
    await vi.advanceTimersByTimeAsync(61_000);
    expect(sharing.running).toBe(false);
    sharing.close();
  } finally {
    vi.useRealTimers();
  }
});

test('an end that should have come is asked for now and then, not all the time', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  try {
    answer({ ...MARY, '/v1/me/tracking': { wanted: false, why: 'paused', changes_at: new Date(Date.now() - 60_000).toISOString() } });
    const sharing = new Sharing('mary');
    get.mockClear();
    await vi.advanceTimersByTimeAsync(61_000);
    expect(get.mock.calls.filter(([path]) => path === '/v1/me/tracking').length).toBeLessThanOrEqual(5);
    sharing.close();
  } finally {
    vi.useRealTimers();
  }
});

test('another person who logs in in another tab lends no device', async () => {
  const sharing = await running();
  answer({ ...MARY, '/v1/me/devices': { items: [{ id: 'other', staff_id: 'vera', this_browser: true }] } });
  void sharing.load();
  await vi.waitFor(() => expect(sharing.enrolled).toBe(false));
  expect(JSON.parse(localStorage.getItem('nearhand.device')!)).toEqual({ device: 'phone', staff: 'mary' });
  sharing.close();
});

test('the last position of another person on this phone is no reason to wait', async () => {
  let tell: (reading: unknown) => void = () => {};
  Object.assign(navigator.geolocation, { watchPosition: (told: typeof tell) => { tell = told; return 1; } });
  const position = { timestamp: Date.now() + 1_000, coords: { latitude: 38.7, longitude: -9.1, accuracy: 8 } };
  localStorage.setItem('nearhand.last_fix', JSON.stringify({ staff: 'vera', fix: { ...fixAt('of vera'), fix_at: new Date().toISOString() } }));
  const sharing = await running();
  tell(position);
  await vi.waitFor(() => expect(sharing.sender.queued).toBe(1));
  tell(position);
  expect(await sharing.queue.count('mary')).toBe(1);
  sharing.close();
});
