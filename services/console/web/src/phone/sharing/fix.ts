// A position of the browser as the fix that is kept and sent, and which positions are worth keeping.
// Nothing here reads a clock or stores anything.
import type { Schemas } from '../../api/api';
import { metresBetween } from '../../map/geometry';

/** A fix as the API takes it, with a key of its own: a repeat of it is stored once. */
export type Fix = Schemas['Fix'] & { key: string; accuracy_m: number };

/** A wider radius says nothing about where somebody is. The API shows such fixes nowhere. */
export const WIDEST_M = 1_000;
/** A fix at most this often while one moves. */
export const MOVING_EVERY_MS = 30_000;
/** A fix this often while one stays. */
export const STILL_EVERY_MS = 300_000;
/** A shorter way than this may be the receiver's noise. */
const NOISE_M = 25;
/** Faster than this is moving, whatever the distance: 3.6 km/h. */
const MOVING_MPS = 1;

/** What the browser says of a position. */
export type Reading = { timestamp: number; coords: Pick<GeolocationCoordinates, 'latitude' | 'longitude' | 'accuracy' | 'altitude' | 'heading' | 'speed'> };

/** What is to be done with a position. */
export type Verdict = 'keep' | 'too_wide' | 'too_soon';

/** Whether a position is kept, after the one that was kept last. */
export function judge(reading: Reading, last: Fix | null): Verdict {
  if (!(reading.coords.accuracy <= WIDEST_M)) return 'too_wide';
  if (!last) return 'keep';
  const passed = reading.timestamp - Date.parse(last.fix_at);
  // A negative time means that the phone's clock was set back: how long ago the last was, nobody knows.
  if (passed < 0 || passed >= STILL_EVERY_MS) return 'keep';
  return passed >= MOVING_EVERY_MS && hasMoved(reading, last) ? 'keep' : 'too_soon';
}

function hasMoved({ coords }: Reading, last: Fix): boolean {
  if ((coords.speed ?? 0) >= MOVING_MPS) return true;
  const here = { lat: coords.latitude, lng: coords.longitude };
  return metresBetween(here, last) > Math.max(NOISE_M, coords.accuracy, last.accuracy_m);
}

/** The fix of a position. */
export function fixOf({ timestamp, coords }: Reading, key: string, power: Power | null): Fix {
  return {
    key,
    fix_at: new Date(timestamp).toISOString(),
    lat: coords.latitude,
    lng: coords.longitude,
    accuracy_m: coords.accuracy,
    altitude_m: coords.altitude,
    speed_mps: coords.speed,
    course_deg: Number.isFinite(coords.heading) ? coords.heading : null,
    battery: power?.level ?? null,
    charging: power?.charging ?? null,
  };
}

/** The phone's battery, where the browser tells. */
export type Power = { level: number; charging: boolean };
