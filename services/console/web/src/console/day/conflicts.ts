// What speaks against an assignment: the API says which rules, the person's day says what it meets.
import type { Span } from '../dispatch/assign/against';
import type { Conflict, PersonDay, Planned } from './types';

const overlaps = (one: Span, other: Span) => one.from < other.to && one.to > other.from;

/** What is met; null where it is not among what is loaded. */
function met<T extends Span>(all: T[], booking: Planned): (T | null)[] {
  const found = all.filter((one) => overlaps(one, booking));
  return found.length > 0 ? found : [null];
}

/** What speaks against an assignment, in the order of the API. */
export function conflictsOf(booking: Planned, person: PersonDay): Conflict[] {
  const others = person.bookings.filter((one) => one.id !== booking.id && one.state !== 'done');
  return booking.against.flatMap((code): Conflict[] => {
    switch (code) {
      case 'double_booked': return met(others, booking).map((one) => ({ kind: code, with: one }));
      case 'time_off': return met(person.timeOff, booking).map((one) => ({ kind: code, span: one }));
      default: return [{ kind: 'rule', code }];
    }
  });
}
