// Times of day in a given zone, as form fields (`datetime-local`) hold them.
import { Temporal } from 'temporal-polyfill';

/** An instant as the field shows it, such as "2026-11-29T14:05". */
export function toField(at: string, zone: string): string {
  return Temporal.Instant.from(at).toZonedDateTimeISO(zone).toPlainDateTime().toString({ smallestUnit: 'minute' });
}

/** The instant that a field means; null when it is empty or no time. A time that the clocks skip
 *  means the one an hour later, one that comes twice the first. */
export function fromField(text: string, zone: string): string | null {
  try {
    return Temporal.PlainDateTime.from(text).toZonedDateTime(zone).toInstant().toString({ smallestUnit: 'second' });
  } catch {
    return null;
  }
}
