// The working week as a form shows it: shifts by weekday, with times of the clock.
import type { Schemas } from '../../../api/api';

type Stored = Schemas['Shift'];
/** One shift of a form. Its times are such as "09:00"; an end at or before the start is on the next day. */
export type Shift = { weekday: number; start: string; end: string };

const DAY_MIN = 1_440;

/** Such as "09:05". Midnight at the end of a day reads "00:00". */
export function clockOf(minutes: number): string {
  const of = (count: number) => String(count).padStart(2, '0');
  return `${of(Math.floor((minutes % DAY_MIN) / 60))}:${of(minutes % 60)}`;
}

/** Minutes after midnight, or null where no time was written. */
export function minutesOf(clock: string): number | null {
  const parts = /^(\d{2}):(\d{2})/.exec(clock);
  return parts ? Number(parts[1]) * 60 + Number(parts[2]) : null;
}

/** What is stored, as a form shows it. */
export function shiftsOf(stored: Stored[]): Shift[] {
  return sorted(stored.map((shift) => ({ weekday: shift.weekday, start: clockOf(shift.start_min), end: clockOf(shift.end_min) })));
}

/** What a form holds, to be stored. Shifts without a time are left out; `unfinished` finds them. */
export function storedOf(shifts: Shift[]): Stored[] {
  return shifts.flatMap(({ weekday, start, end }) => {
    const [start_min, end_min] = [minutesOf(start), minutesOf(end)];
    // Midnight ends the day that it closes.
    return start_min === null || end_min === null ? [] : [{ weekday, start_min, end_min: end_min || DAY_MIN }];
  });
}

/** Whether a shift lacks a time. */
export function unfinished(shifts: Shift[]): boolean {
  return shifts.some((shift) => minutesOf(shift.start) === null || minutesOf(shift.end) === null);
}

/** By weekday, then by time. */
export function sorted(shifts: Shift[]): Shift[] {
  return [...shifts].sort((one, other) => one.weekday - other.weekday || one.start.localeCompare(other.start));
}

/** The shifts with one more on a day: usual hours on a free day, else an hour after its last shift. */
export function added(shifts: Shift[], weekday: number): Shift[] {
  const last = sorted(shifts).findLast((shift) => shift.weekday === weekday);
  const start = last ? (minutesOf(last.end) ?? DAY_MIN) + 60 : 9 * 60;
  const end = last ? start + 240 : 17 * 60;
  const fits = end <= DAY_MIN && !(last && (overnight(last) || last.end === '00:00'));
  return sorted([...shifts, fits ? { weekday, start: clockOf(start), end: clockOf(end) } : { weekday, start: '', end: '' }]);
}

/** The shifts with one day's copied to other days, whose own are replaced. */
export function copied(shifts: Shift[], from: number, to: number[]): Shift[] {
  const source = shifts.filter((shift) => shift.weekday === from);
  const kept = shifts.filter((shift) => !to.includes(shift.weekday) || shift.weekday === from);
  const copies = to.filter((day) => day !== from).flatMap((weekday) => source.map((shift) => ({ ...shift, weekday })));
  return sorted([...kept, ...copies]);
}

/** How long a week of these shifts is, in minutes. Overlaps count twice. */
export function minutesAWeek(shifts: Shift[]): number {
  return storedOf(shifts).reduce((sum, { start_min, end_min }) => sum + (end_min > start_min ? end_min - start_min : end_min + DAY_MIN - start_min), 0);
}

/** Whether a shift ends on the next day. */
export function overnight(shift: Shift): boolean {
  const [start, end] = [minutesOf(shift.start), minutesOf(shift.end)];
  return start !== null && end !== null && end !== 0 && end <= start;
}
