// A request that is repeated after a lost answer keeps its key.
import { expect, test, vi } from 'vitest';
import { giveKey, keepKey } from './keys';

const KEY = 'idempotency-key';

async function sent(body: string, path = '/v1/cases', method = 'POST'): Promise<Request> {
  const request = new Request(`http://localhost${path}`, { method, body, headers: { 'content-type': 'application/json' } });
  await giveKey(request);
  return request;
}

test('the same request keeps its key until an answer comes', async () => {
  const first = await sent('{"title":"Broken pump"}');
  keepKey(first);
  const second = await sent('{"title":"Broken pump"}');
  expect(second.headers.get(KEY)).toBe(first.headers.get(KEY));
  keepKey(second);
  const third = await sent('{"title":"Broken pump"}');
  expect(third.headers.get(KEY)).toBe(first.headers.get(KEY));
  // This one was answered: what follows is meant as another.
  const fourth = await sent('{"title":"Broken pump"}');
  expect(fourth.headers.get(KEY)).not.toBe(first.headers.get(KEY));
});

test('a repeat that comes much later is another request', async () => {
  const first = await sent('{"minutes":30}', '/v1/me/tracking/pause');
  keepKey(first);
  const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 180_000);
  const later = await sent('{"minutes":30}', '/v1/me/tracking/pause');
  now.mockRestore();
  expect(later.headers.get(KEY)).not.toBe(first.headers.get(KEY));
});

test('another request gets another key', async () => {
  const first = await sent('{"name":"Phone"}', '/v1/staff/a/devices');
  keepKey(first);
  for (const other of [await sent('{"name":"Tablet"}', '/v1/staff/a/devices'), await sent('{"name":"Phone"}', '/v1/staff/b/devices')]) {
    expect(other.headers.get(KEY)).toBeTruthy();
    expect(other.headers.get(KEY)).not.toBe(first.headers.get(KEY));
  }
});

test('changes that name a version need no key', async () => {
  expect((await sent('{}', '/v1/cases/a', 'PATCH')).headers.get(KEY)).toBeNull();
});
