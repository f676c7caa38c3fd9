import { beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '../api/problem';

type Change = { request: { method: string }; response: { ok: boolean }; schemaPath: string; params: { path?: { id: string } } };
const server = vi.hoisted(() => ({ GET: vi.fn(), changed: (_change: Change): unknown => undefined }));
vi.mock('../api/api', () => ({
  api: { GET: server.GET, use: (middleware: { onResponse: typeof server.changed }) => { server.changed = middleware.onResponse; } },
  body: async (call: Promise<{ data: unknown }>) => (await call).data,
}));
const { nameOf, remember } = await import('./names.svelte');

/** Lets this page have changed something. */
const change = (method: string, schemaPath: string, id: string, ok = true) => server.changed({ request: { method }, response: { ok }, schemaPath, params: { path: { id } } });
const called = (name: string) => server.GET.mockImplementation(async () => ({ data: { name, display_name: name } }));
const refused = (status: number) => server.GET.mockImplementation(async () => { throw new Problem(status, 'refused', ''); });

let id = 0;
/** The name of the thing of this test as a page shows it, once answers have come. */
async function shown(): Promise<string | null | undefined> {
  nameOf('department', `${id}`);
  await vi.advanceTimersByTimeAsync(0);
  return nameOf('department', `${id}`);
}

beforeEach(() => {
  id += 1;
  vi.useFakeTimers();
  server.GET.mockReset();
});

test('a name is read once, and again when it is old', async () => {
  called('North');
  expect(nameOf('department', `${id}`)).toBeUndefined();
  expect(await shown()).toBe('North');
  called('Northern');
  expect(await shown()).toBe('North');
  expect(server.GET).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(61_000);
  // The old one is shown meanwhile.
  expect(nameOf('department', `${id}`)).toBe('North');
  expect(await shown()).toBe('Northern');
});

test('what this page renames shows its new name at once', async () => {
  called('North');
  await shown();
  called('Northern');
  change('PATCH', '/v1/departments/{id}', `${id}`, false);
  change('GET', '/v1/departments/{id}', `${id}`);
  change('PATCH', '/v1/tags/{id}', `${id}`);
  expect(await shown()).toBe('North');
  change('PATCH', '/v1/departments/{id}', `${id}`);
  expect(await shown()).toBe('Northern');
  refused(404);
  change('DELETE', '/v1/departments/{id}', `${id}`);
  expect(await shown()).toBeNull();
});

test('what nobody showed is not read because it is changed', async () => {
  change('PATCH', '/v1/departments/{id}', `${id}`);
  await vi.advanceTimersByTimeAsync(0);
  expect(server.GET).not.toHaveBeenCalled();
});

test('an old name stays when it cannot be read for the moment, and is asked for again', async () => {
  remember('department', `${id}`, 'North');
  vi.advanceTimersByTime(61_000);
  refused(0);
  expect(await shown()).toBe('North');
  await vi.advanceTimersByTimeAsync(0);
  called('Northern');
  expect(await shown()).toBe('Northern');
});

test('an answer from before a change is void', async () => {
  let answer = (_data: object) => {};
  server.GET.mockImplementation(() => new Promise((resolve) => { answer = (data) => resolve({ data }); }));
  remember('department', `${id}`, 'North');
  vi.advanceTimersByTime(61_000);
  await shown();
  const late = answer;
  called('Northern');
  change('PATCH', '/v1/departments/{id}', `${id}`);
  expect(await shown()).toBe('Northern');
  late({ name: 'North' });
  expect(await shown()).toBe('Northern');
});
