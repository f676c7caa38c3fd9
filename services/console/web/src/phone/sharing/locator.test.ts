import { beforeEach, expect, test, vi } from 'vitest';
import { fakeBrowser } from './browser.fake';
import { Locator } from './locator.svelte';

const geolocation = { watchPosition: vi.fn((_take: PositionCallback, _fail: PositionErrorCallback) => 1), clearWatch: vi.fn(), getCurrentPosition: vi.fn() };
let page: EventTarget & { hidden: boolean };
/** Who has the lock, and who waits for it. */
let turns: (() => Promise<void>)[];

/** A lock as all tabs of a browser share it: one at a time has it. */
async function request(_name: string, { signal }: { signal?: AbortSignal }, hold: () => Promise<void>): Promise<void> {
  turns.push(hold);
  signal?.addEventListener('abort', () => { if (turns[0] !== hold) turns = turns.filter((one) => one !== hold); });
  if (turns.length === 1) await next();
}

async function next(): Promise<void> {
  await turns[0]?.();
  turns.shift();
  if (turns.length > 0) await next();
}

function see(seen: boolean): void {
  page.hidden = !seen;
  page.dispatchEvent(new Event('visibilitychange'));
}

beforeEach(() => {
  fakeBrowser();
  turns = [];
  page = Object.assign(new EventTarget(), { hidden: false });
  vi.stubGlobal('document', page);
  vi.stubGlobal('isSecureContext', true);
  Object.assign(navigator, { geolocation, locks: { request } });
});

test('a hidden page leaves the position to another tab, and asks for it when it is seen', async () => {
  const locator = new Locator('mary', async () => {});
  locator.start();
  await vi.waitFor(() => expect(locator.state).toBe('seeking'));
  see(false);
  expect(locator.state).toBe('hidden');
  expect(geolocation.clearWatch).toHaveBeenCalledWith(1);

  let end = () => {};
  await vi.waitFor(() => expect(turns).toEqual([]));
  void request('', {}, () => new Promise<void>((resolve) => { end = resolve; }));
  see(true);
  expect(locator.state).toBe('elsewhere');
  end();
  await vi.waitFor(() => expect(locator.state).toBe('seeking'));
  locator.stop();
  see(false);
  expect(locator.state).toBe('off');
});

test('a phone that finds no position for long says so, and a single time is no reason to', async () => {
  const locator = new Locator('mary', async () => {});
  locator.start();
  await vi.waitFor(() => expect(locator.state).toBe('seeking'));
  const [take, fail] = geolocation.watchPosition.mock.lastCall!;
  const found = (minutesAgo: number) => take({ timestamp: Date.now() - minutesAgo * 60_000, coords: { latitude: 38.7, longitude: -9.1, accuracy: 8 } } as GeolocationPosition);
  const timeout = () => fail({ code: 3, PERMISSION_DENIED: 1, POSITION_UNAVAILABLE: 2, TIMEOUT: 3 } as GeolocationPositionError);
  found(5);
  timeout();
  expect(locator.state).toBe('good');
  found(11);
  timeout();
  expect(locator.state).toBe('unavailable');
  found(0);
  expect(locator.state).toBe('good');
  locator.stop();
});
