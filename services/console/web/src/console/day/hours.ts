// What weekly working hours mean on a day: local times, resolved as the API does. A shift whose end is
// at or before its start ends on the next day.
import { Temporal } from 'temporal-polyfill';
import type { Schemas } from '../../api/api';
import type { Span } from './types';

const DAY_MIN = 1_440;

function instant(day: Temporal.PlainDate, minutes: number, zone: string): number {
  const on = minutes >= DAY_MIN ? day.add({ days: 1 }) : day;
  const within = minutes % DAY_MIN;
  const time = new Temporal.PlainTime(Math.floor(within / 60), within % 60);
  return on.toZonedDateTime({ timeZone: zone, plainTime: time }).epochMilliseconds;
}

/** The shifts that reach into a span. */
export function workingIn(span: Span, shifts: Schemas['Shift'][], zone: string): Span[] {
  const local = (at: number) => Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainDate();
  const last = local(span.to);
  const found: Span[] = [];
  // A night shift of the day before reaches over midnight.
  for (let day = local(span.from).subtract({ days: 1 }); Temporal.PlainDate.compare(day, last) <= 0; day = day.add({ days: 1 })) {
    for (const shift of shifts.filter((one) => one.weekday === day.dayOfWeek)) {
      const overnight = shift.end_min <= shift.start_min;
      const one = { from: instant(day, shift.start_min, zone), to: instant(overnight ? day.add({ days: 1 }) : day, shift.end_min, zone) };
      if (one.from < span.to && one.to > span.from) found.push(one);
    }
  }
  return found;
}
