// What the words about a ranking need to know besides it: names of ids, and the zone of times.
import { dateTime, time } from '../../../format/time';
import { words } from '../../../texts';

/** Names of the organisation's things, and its time zone. */
export type Names = { service: (id: string) => string | undefined; region: (id: string) => string | undefined; zone: string };

/** A span of time in words; the day is said once. */
export function spanWords(from: string | null | undefined, until: string | null | undefined, zone: string): string {
  const day = (at: string) => new Date(at).toLocaleDateString('en-CA', { timeZone: zone });
  const begin = from ? dateTime(from, zone) : null;
  if (from && until && day(from) === day(until)) return words.ranking.span(begin, time(until, zone));
  return words.ranking.span(begin, until ? dateTime(until, zone) : null);
}
