// What the state line says of the viewport.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '../../../api/problem';
import { LiveView } from './liveView.svelte';

const counts = vi.hoisted(() => ({ answer: (): unknown => ({ people: 3, items: [] }) }));
vi.mock('../../../api/api', () => ({ api: { GET: () => Promise.resolve() }, body: (call: Promise<unknown>) => call.then(() => counts.answer()) }));
vi.mock('../../../api/stream.svelte', () => ({ EventStream: class { state = 'live'; follow() {} close() {} } }));
vi.mock('../../../state/session.svelte', () => ({ session: { may: () => true } }));

beforeEach(() => { vi.useFakeTimers(); });
afterEach(() => { vi.useRealTimers(); });

test('an area that could not be loaded is not called live', async () => {
  const view = new LiveView();
  view.look({ west: -9.2, south: 38.6, east: -9.0, north: 38.8 }, 12);
  await vi.advanceTimersByTimeAsync(10);
  expect(view.connection).toBe('live');
  counts.answer = () => { throw new Problem(0, 'offline', ''); };
  view.look({ west: 2.2, south: 48.6, east: 2.4, north: 48.8 }, 12);
  await vi.advanceTimersByTimeAsync(400);
  expect(view.connection).toBe('reconnecting');
  view.close();
});
