// A time off as the form has it, whole days or hours from one day on, and as the API has it.
import { shifted } from '../../console/day/calendar';
import { instantOf, localOf, startOfDay } from '../../format/zoned';

/** What is typed: days, and the hours where only part of a day is meant. */
export type SpanForm = { first: string; last: string; part: boolean; from: string; until: string };

/** Whether the hours reach over midnight. */
export function endsNextDay({ part, from, until }: SpanForm): boolean {
  return part && from !== '' && until !== '' && until <= from;
}

/** First instant away and first instant back; null when the end does not come after the start. */
export function spanOf(form: SpanForm, zone: string): { starts_at: string; ends_at: string } | null {
  const starts_at = form.part ? instantOf(`${form.first}T${form.from}`, zone) : startOfDay(form.first, zone);
  const ends_at = form.part ? instantOf(`${shifted(form.first, endsNextDay(form) ? 1 : 0)}T${form.until}`, zone) : startOfDay(form.last || form.first, zone, 1);
  if (!starts_at || !ends_at) return null;
  return Date.parse(ends_at) > Date.parse(starts_at) ? { starts_at, ends_at } : null;
}

/** Whether a time off is made of whole days of the zone. */
export function isWholeDays(span: { starts_at: string; ends_at: string }, zone: string): boolean {
  return [span.starts_at, span.ends_at].every((at) => localOf(at, zone).endsWith('T00:00'));
}
