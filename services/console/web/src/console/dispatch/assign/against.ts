// What the server says against an assignment, and its time, in words.
import type { Schemas } from '../../../api/api';
import { dateTime, time } from '../../../format/time';
import { words } from '../../../texts';

/** From an instant until before another, in milliseconds since 1970. */
export type Span = { from: number; to: number };

const text = words.day;
const DAY_MS = 86_400_000;
/** The longest work that the API takes. */
const MOST_MINUTES = 10_080;

/** Whether the minutes are what the API takes. */
export function goodMinutes(minutes: number | null): minutes is number {
  return minutes !== null && Number.isInteger(minutes) && minutes >= 1 && minutes <= MOST_MINUTES;
}

/** Such as "08:00–16:30". */
export function spanWords(span: Span, zone: string): string {
  return text.span(time(span.from, zone), time(span.to, zone));
}

/** The same with dates where it is longer than a day. */
export function longSpanWords(span: Span, zone: string): string {
  return span.to - span.from > DAY_MS ? text.span(dateTime(span.from, zone), dateTime(span.to, zone)) : spanWords(span, zone);
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
