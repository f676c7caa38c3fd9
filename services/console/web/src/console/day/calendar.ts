// Days and hours in the organisation's zone. A day has 23 or 25 hours when clocks change.
import { Temporal } from 'temporal-polyfill';
import type { Span } from '../dispatch/assign/against';

/** A calendar day with its first instant and that of the next day. */
export type Day = Span & { date: string; zone: string };

/** An hour on the axis. `again` says that the clocks show it for the second time that day. */
export type Tick = { at: number; hour: number; again: boolean };

const HOUR_MS = 3_600_000;

/** A day, or null when the text is no date. */
export function dayOf(date: string, zone: string): Day | null {
  try {
    const plain = Temporal.PlainDate.from(date);
    const start = (of: Temporal.PlainDate) => of.toZonedDateTime(zone).epochMilliseconds;
    return { date: plain.toString(), zone, from: start(plain), to: start(plain.add({ days: 1 })) };
  } catch {
    return null;
  }
}

/** The date so many days later. */
export function shifted(date: string, days: number): string {
  return Temporal.PlainDate.from(date).add({ days }).toString();
}

/** All hours that begin within a day. Where clocks change by half an hour the axis keeps whole steps. */
export function ticks(day: Day): Tick[] {
  const found: Tick[] = [];
  for (let at = day.from; at < day.to; at += HOUR_MS) {
    const hour = Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(day.zone).hour;
    found.push({ at, hour, again: found.at(-1)?.hour === hour });
  }
  return found;
}
