// Between instants and what is read on a clock in a time zone, for fields of date and time.
import { Temporal } from 'temporal-polyfill';

/** The instant of a wall-clock time such as "2026-12-01T09:00", or null if it is none. */
export function instantOf(local: string, zone: string): string | null {
  try {
    return Temporal.PlainDateTime.from(local).toZonedDateTime(zone).toInstant().toString();
  } catch {
    return null;
  }
}

/** What the clock shows at an instant, to the minute, such as "2026-12-01T09:00". */
export function localOf(instant: string, zone: string): string {
  return Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: 'minute' });
}

/** Today in a time zone, such as "2026-12-01". */
export function today(zone: string): string {
  return Temporal.Now.plainDateISO(zone).toString();
}
