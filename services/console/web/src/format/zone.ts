// Wall times of a time zone, as `<input type="datetime-local">` and `<input type="date">` hold them.
import { Temporal } from 'temporal-polyfill';

/** The wall time at an instant, such as "2026-11-29T14:05". */
export function wallTime(at: string | number, zone: string): string {
  const instant = typeof at === 'number' ? Temporal.Instant.fromEpochMilliseconds(at) : Temporal.Instant.from(at);
  return instant.toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: 'minute' });
}

/** The instant of a wall time, in UTC. A time that a clock change skips moves past the gap; of two equal ones the first counts. */
export function instantOf(wall: string, zone: string): string {
  return Temporal.PlainDateTime.from(wall).toZonedDateTime(zone).toInstant().toString();
}

/** The first instant of a day, such as "2026-11-29", moved by some days. */
export function startOfDay(day: string, zone: string, days = 0): string {
  return Temporal.PlainDate.from(day).add({ days }).toZonedDateTime(zone).toInstant().toString();
}
