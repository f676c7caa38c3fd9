// The selected person whom the viewport does not show.
import { beforeEach, expect, test, vi } from 'vitest';
import type { LatLng } from '../../../map/geometry';
import { Focus } from './focus.svelte';

type Handlers = { snapshot: (data: unknown) => void };
const streams = vi.hoisted(() => [] as { url: string; handlers: Handlers; closed: boolean }[]);
const places = vi.hoisted(() => new Map<string, (at: LatLng | null) => void>());
vi.mock('../../../api/stream.svelte', () => ({
  EventStream: class {
    closed = false;
    constructor(public url: string, public handlers: Handlers) { streams.push(this); }
    follow() {}
    close() { this.closed = true; }
  },
}));
vi.mock('./way.svelte', () => ({ lastPlace: (id: string) => new Promise((answer) => { places.set(id, answer); }) }));

beforeEach(() => { streams.length = 0; places.clear(); });

test('somebody whom the page has not seen is followed from where they were last', async () => {
  const focus = new Focus();
  const found = focus.find('a');
  places.get('a')!({ lat: 38.7, lng: -9.1 });
  await found;
  expect(streams).toHaveLength(1);
  streams[0]!.handlers.snapshot({ items: [{ staff_id: 'a', position: { lat: 38.71, lng: -9.11 }, age_s: 5 }] });
  expect(focus.person?.position).toEqual({ lat: 38.71, lng: -9.11 });
});

test('a late answer about somebody who is not selected any more opens nothing', async () => {
  const focus = new Focus();
  const first = focus.find('a');
  const second = focus.find('b');
  places.get('a')!({ lat: 38.7, lng: -9.1 });
  places.get('b')!(null);
  await Promise.all([first, second]);
  expect(streams).toHaveLength(0);
  expect(focus.person).toBeNull();
});
