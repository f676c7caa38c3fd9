// Times and conflicts of a plan in words.
import { dateTime, duration, time } from '../../format/time';
import { words } from '../../texts';
import type { Schemas } from '../../api/api';
import type { Day } from './calendar';
import type { Booking, Conflict, PersonDay, Span } from './types';

const text = words.day;
const DAY_MS = 86_400_000;

/** Such as "08:00–16:30". */
export function spanWords(span: Span, zone: string): string {
  return text.span(time(span.from, zone), time(span.to, zone));
}

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

/** What the server says against an assignment, in a sentence without its full stop. */
export function againstWords(one: Schemas['AgainstAssignment'], zone: string): string {
  const span = one.meets ? { from: Date.parse(one.meets.starts_at), to: Date.parse(one.meets.ends_at) } : null;
  switch (one.code) {
    case 'double_booked': return span ? text.overlap(text.caseName(one.meets?.case_number ?? '', one.meets?.case_title ?? ''), spanWords(span, zone)) : one.detail;
    case 'time_off': return span ? text.timeOff(longSpanWords(span, zone)) : one.detail;
    default: return text.checked[one.code] ?? one.detail;
  }
}

/** The same with dates where it is longer than a day. */
function longSpanWords(span: Span, zone: string): string {
  return span.to - span.from > DAY_MS ? text.span(dateTime(span.from, zone), dateTime(span.to, zone)) : spanWords(span, zone);
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
