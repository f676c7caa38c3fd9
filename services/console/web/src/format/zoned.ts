// Between instants and what is read on a clock in a time zone, for fields of date and time.
import { Temporal } from 'temporal-polyfill';

/** The instant of a wall-clock time such as "2026-12-01T09:00"; null if it is none. A time that the
 *  clocks skip means the one an hour later, one that comes twice the first. */
export function instantOf(local: string, zone: string): string | null {
  try {
    return Temporal.PlainDateTime.from(local).toZonedDateTime(zone).toInstant().toString({ smallestUnit: 'second' });
  } catch {
    return null;
  }
}

/** What the clock shows at an instant, to the minute, such as "2026-12-01T09:00". */
export function localOf(instant: string, zone: string): string {
  return Temporal.Instant.from(instant).toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: 'minute' });
}

/** The first instant of a day such as "2026-12-01", moved by some days. */
export function startOfDay(day: string, zone: string, days = 0): string {
  return Temporal.PlainDate.from(day).add({ days }).toZonedDateTime(zone).toInstant().toString({ smallestUnit: 'second' });
}

/** Today in a time zone, such as "2026-12-01". */
export function today(zone: string, now = Date.now()): string {
  return Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate().toString();
}
