// Where to look for somebody who is not on this part of the map.
import { beforeEach, expect, test, vi } from 'vitest';
import { placeElsewhere } from './way.svelte';

const server = vi.hoisted(() => ({ may: [] as string[], asked: [] as string[], answers: {} as Record<string, unknown> }));
vi.mock('../../../state/session.svelte', () => ({ session: { may: (permission: string) => server.may.includes(permission) } }));
vi.mock('../../../api/api', () => ({
  api: { GET: (path: string) => { server.asked.push(path); return server.answers[path]; } },
  body: (answer: unknown) => Promise.resolve(answer),
}));

const TRACK = '/v1/staff/{id}/track';
const POSITIONS = '/v1/positions';
const home = { lat: 38.7, lng: -9.1 };

beforeEach(() => {
  server.asked = [];
  server.answers = { [TRACK]: { features: [] }, [POSITIONS]: { items: [{ position: home }] } };
});

test('a phone comes first, then where they are taken to be', async () => {
  server.may = ['positions:read', 'staff:view'];
  expect(await placeElsewhere('p')).toEqual(home);
  expect(server.asked).toEqual([TRACK, POSITIONS]);
  server.answers[TRACK] = { features: [{ geometry: { type: 'LineString', coordinates: [[1, 2], [3, 4]] } }] };
  expect(await placeElsewhere('p')).toEqual({ lng: 3, lat: 4 });
});

test('who may not read exact positions does not ask for them', async () => {
  server.may = ['staff:view'];
  expect(await placeElsewhere('p')).toEqual(home);
  server.answers[POSITIONS] = { items: [] };
  expect(await placeElsewhere('p')).toBeNull();
  expect(server.asked).toEqual([POSITIONS, POSITIONS]);
});
