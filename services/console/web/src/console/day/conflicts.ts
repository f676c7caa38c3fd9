// What speaks against a time in a person's day, as the API judges it: other work that is not done, an
// absence, and hours that do not cover it. Assigning asks the API; this marks what is there.
import type { Booking, Conflict, PersonDay, Span } from './types';

const overlaps = (one: Span, other: Span) => one.from < other.to && one.to > other.from;

/** Whether one of the spans, taken together, covers all of it. */
export function covers(spans: Span[], all: Span): boolean {
  let reached = all.from;
  for (const span of [...spans].sort((one, other) => one.from - other.from)) {
    if (span.from > reached) break;
    reached = Math.max(reached, span.to);
  }
  return reached >= all.to;
}

/** All that speaks against a time; `except` is the assignment that is being moved. */
export function conflictsAt(span: Span, person: PersonDay, except?: string): Conflict[] {
  const others = person.bookings.filter((one) => one.id !== except && one.state !== 'done' && overlaps(one, span));
  const away = person.timeOff.filter((one) => overlaps(one, span));
  return [
    ...others.map((one): Conflict => ({ kind: 'overlap', with: one })),
    ...away.map((one): Conflict => ({ kind: 'time_off', span: one })),
    ...(person.working !== null && !covers(person.working, span) ? [{ kind: 'outside_hours' } as const] : []),
  ];
}

/** What speaks against an assignment. What is done is past, so nothing does. */
export function conflictsOf(booking: Booking, person: PersonDay): Conflict[] {
  return booking.state === 'done' ? [] : conflictsAt(booking, person, booking.id);
}
