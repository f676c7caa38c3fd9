// Times and conflicts of a plan in words.
import { duration } from '../../format/time';
import { words } from '../../texts';
import { longSpanWords, spanWords, type Span } from '../dispatch/assign/against';
import type { Day } from './calendar';
import type { Booking, Conflict, PersonDay } from './types';

const text = words.day;

/** A case by number and title. */
export function caseWords(booking: Booking): string {
  return text.caseName(booking.caseNumber, booking.caseTitle);
}

/** What speaks against an assignment, in a sentence without its full stop. */
export function conflictWords(conflict: Conflict, zone: string): string {
  switch (conflict.kind) {
    case 'double_booked': return conflict.with ? text.overlap(caseWords(conflict.with), spanWords(conflict.with, zone)) : text.overlapsOther;
    case 'time_off': return conflict.span ? text.timeOff(longSpanWords(conflict.span, zone)) : text.duringTimeOff;
    case 'rule': return text.checked[conflict.code] ?? conflict.code;
  }
}

/** The part of a span that lies within a day. */
function withinWords(span: Span, day: Day): string {
  const part = { from: Math.max(span.from, day.from), to: Math.min(span.to, day.to) };
  return part.from === day.from && part.to === day.to ? text.allDay : spanWords(part, day.zone);
}

/** A person's hours, absences and whether there is work, a sentence for each. */
export function dayWords(person: PersonDay, day: Day): string[] {
  const list = (spans: Span[]) => spans.map((one) => withinWords(one, day));
  return [
    person.working === null ? text.worksAlways : person.working.length === 0 ? text.worksNever : text.works(list(person.working)),
    ...(person.timeOff.length > 0 ? [text.away(list(person.timeOff))] : []),
    ...(person.bookings.length === 0 ? [text.noWork] : []),
  ];
}

/** Minutes as people read them. */
export function minuteWords(minutes: number): string {
  return minutes < 1 ? text.underMinute : duration(Math.round(minutes) * 60);
}
