// Times and conflicts of a plan in words.
import { duration, time } from '../../format/time';
import { words } from '../../texts';
import type { Booking, Conflict, PersonDay, Span } from './types';

const text = words.day;

/** Such as "08:00–16:30". */
export function spanWords(span: Span, zone: string): string {
  return text.span(time(span.from, zone), time(span.to, zone));
}

/** A case by number and title. */
export function caseWords(booking: Booking): string {
  return text.caseName(booking.caseNumber, booking.caseTitle);
}

/** What speaks against a time, in a sentence without its full stop. */
export function conflictWords(conflict: Conflict, zone: string): string {
  switch (conflict.kind) {
    case 'overlap': return text.overlap(caseWords(conflict.with), spanWords(conflict.with, zone));
    case 'time_off': return text.timeOff(spanWords(conflict.span, zone));
    case 'outside_hours': return text.outsideHours;
  }
}

/** A person's hours, absences and pauses, a sentence for each kind that there is. */
export function dayWords(person: PersonDay, zone: string): string[] {
  const list = (spans: Span[]) => spans.map((one) => spanWords(one, zone));
  return [
    person.working === null ? text.worksAlways : person.working.length === 0 ? text.worksNever : text.works(list(person.working)),
    ...(person.timeOff.length > 0 ? [text.away(list(person.timeOff))] : []),
    ...(person.pauses.length > 0 ? [text.paused(list(person.pauses))] : []),
  ];
}

/** Minutes as people read them. */
export function minuteWords(minutes: number): string {
  return duration(Math.round(minutes) * 60);
}
