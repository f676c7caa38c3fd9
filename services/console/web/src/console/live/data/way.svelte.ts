// Where the selected person was today, and where somebody was last.
import { api, body, type Schemas } from '../../../api/api';
import type { LatLng } from '../../../map/geometry';
import { session } from '../../../state/session.svelte';

/** A way as the API sends it: GeoJSON. */
export type Way = Schemas['TrackCollection'];

/** Fixes this close to the line between others add nothing that one could see. */
const TOLERANCE_M = 8;

/** The way of a person since midnight in the organisation's time zone. */
export async function wayToday(id: string): Promise<Way> {
  // Only this needs time zones, so they are loaded here.
  const { Temporal } = await import('temporal-polyfill');
  const from = Temporal.Now.zonedDateTimeISO(session.timeZone).startOfDay().toInstant().toString();
  return body(api.GET('/v1/staff/{id}/track', {
    params: { path: { id }, query: { from, tolerance_m: TOLERANCE_M, format: 'geojson' } },
  })) as Promise<Way>;
}

/** How far back a last place is looked for. */
const LOOK_BACK_MS = 12 * 3_600_000;

/** Where somebody was last, if a phone has said so in the last hours. */
export async function lastPlace(id: string): Promise<LatLng | null> {
  const from = new Date(Date.now() - LOOK_BACK_MS).toISOString();
  const way = await body(api.GET('/v1/staff/{id}/track', {
    params: { path: { id }, query: { from, tolerance_m: 10_000, format: 'geojson' } },
  })) as Way;
  const geometry = way.features.at(-1)?.geometry;
  const last = geometry?.type === 'Point' ? geometry.coordinates : geometry?.coordinates.at(-1);
  return last ? { lng: last[0]!, lat: last[1]! } : null;
}

const WORLD = '-180,-90,180,90';

/** Where to look for somebody who is not on this part of the map: where their phone was last, else where
 *  they are or are taken to be, as exactly as the reader may know. Null where nobody knows. */
export async function placeElsewhere(id: string): Promise<LatLng | null> {
  const last = session.may('positions:read') ? await lastPlace(id) : null;
  if (last) return last;
  const homes = session.may('staff:view') ? { include: 'home' } : {};
  const { items } = await body(api.GET('/v1/positions', { params: { query: { bbox: WORLD, staff: id, ...homes } } }));
  return items[0]?.position ?? null;
}

class ShownWay {
  /** The way on the map; null for none. */
  current: Way | null = $state.raw(null);
}

/** What the person's card asks the map to draw. */
export const shownWay = new ShownWay();
