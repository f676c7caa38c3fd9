// A date and perhaps a time of day, as a filter of the audit trail: what is typed, and the instant that
// it means. Pure.
import { instantOf, localOf, startOfDay } from '../../format/zoned';

/** Which end of a span it is: a date alone begins with its day, or ends with it. */
export type Edge = 'from' | 'to';

/** What two fields hold, each '' while it is empty. */
export type Typed = { date: string; time: string };

/** Whether a date is finished: whoever types a year by keyboard passes through the years 2, 20 and 202. */
export function isWhole(date: string): boolean {
  return /^[2-9]\d{3}-\d\d-\d\d$/.test(date);
}

/** The instant that is meant; '' without a date. */
export function instantOfTyped({ date, time }: Typed, edge: Edge, zone: string): string {
  if (!isWhole(date)) return '';
  return time ? instantOf(`${date}T${time}`, zone) ?? '' : startOfDay(date, zone, edge === 'to' ? 1 : 0);
}

/** What the fields show for an instant: a date alone where it is the edge of a day. */
export function typedOf(instant: string, edge: Edge, zone: string): Typed {
  try {
    const [date, time] = localOf(instant, zone).split('T') as [string, string];
    if (startOfDay(date, zone) !== startOfSecond(instant)) return { date, time };
    return { date: edge === 'to' ? dayBefore(instant, zone) : date, time: '' };
  } catch {
    return { date: '', time: '' };
  }
}

function startOfSecond(instant: string): string {
  return new Date(instant).toISOString().replace(/\.\d+/, '');
}

function dayBefore(instant: string, zone: string): string {
  return localOf(new Date(Date.parse(instant) - 1).toISOString(), zone).split('T')[0]!;
}
