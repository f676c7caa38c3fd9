// How far this device's clock is ahead of the server's, as the `Date` of an answer tells. Pure.

/** A difference up to this is none: it may come from the way of the answer. */
const IGNORED_MS = 5_000;
/** An answer that took longer tells nothing. */
const SLOW_MS = 10_000;
/** `Date` leaves out what is less than a second; on average it is half of one. */
const HALF_SECOND_MS = 500;
/** A change of less than this is noise. */
const NOISE_MS = 2_000;

/** The difference in milliseconds, negative when the clock is behind, after an answer with this `Date` to what
    was asked and answered at these times of the device. `known` is what was found before. */
export function aheadOf(known: number, date: string | null, askedMs: number, answeredMs: number): number {
  const server = Date.parse(date ?? '');
  const tookMs = answeredMs - askedMs;
  // A negative time means that the clock was set meanwhile.
  if (Number.isNaN(server) || !(tookMs >= 0 && tookMs <= SLOW_MS)) return known;
  const found = (askedMs + answeredMs) / 2 - server - HALF_SECOND_MS;
  if (Math.abs(found) <= IGNORED_MS) return 0;
  return Math.abs(found - known) < NOISE_MS ? known : found;
}
