// Instants, ages and lengths of time as people read them, in a given time zone.
import { words } from '../texts';

const { units } = words;

const cache = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = zone + JSON.stringify(options);
  let found = cache.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(undefined, { timeZone: zone, ...options });
    cache.set(key, found);
  }
  return found;
}

type Instant = string | number | Date;

/** Such as "29 Nov 2026, 14:05". */
export function dateTime(at: Instant, zone: string): string {
  return formatter(zone, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(at));
}

/** Such as "29 Nov 2026". */
export function date(at: Instant, zone: string): string {
  return formatter(zone, { dateStyle: 'medium' }).format(new Date(at));
}

/** Such as "14:05". */
export function time(at: Instant, zone: string): string {
  return formatter(zone, { timeStyle: 'short' }).format(new Date(at));
}

/** The hour alone, such as "14" or "2 PM", as the reader's language writes it. */
export function hour(at: Instant, zone: string): string {
  return formatter(zone, { hour: 'numeric' }).format(new Date(at));
}

/** Such as "29 Nov". */
export function dayMonth(at: Instant, zone: string): string {
  return formatter(zone, { day: 'numeric', month: 'short' }).format(new Date(at));
}

const SECONDS_IN: [keyof typeof units.time, number][] = [['d', 86_400], ['h', 3_600], ['min', 60], ['s', 1]];

/** A length of time in its two largest units, such as "2 h 5 min" or "40 s". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const first = SECONDS_IN.findIndex(([, size]) => whole >= size);
  if (first < 0) return units.time.s('0');
  const [name, size] = SECONDS_IN[first]!;
  const [nextName, nextSize] = SECONDS_IN[first + 1] ?? [name, size];
  const count = Math.floor((whole % size) / nextSize);
  const head = units.time[name](String(Math.floor(whole / size)));
  return count > 0 && name !== 'min' ? `${head} ${units.time[nextName](String(count))}` : head;
}

/** A drive or a delay of so many minutes, to the minute from one minute on. */
export function minutes(length: number): string {
  return duration(length < 1 ? length * 60 : Math.round(length) * 60);
}

/** An amount of work of so many minutes, never in days, such as "40 h" or "7.5 h". */
export function work(length: number): string {
  return length < 60 ? units.time.min(String(Math.round(length))) : units.time.h(String(Math.round(length / 6) / 10));
}

/** How long ago, such as "3 min ago", or "now". */
export function ago(at: Instant, now: number): string {
  const seconds = (now - new Date(at).getTime()) / 1_000;
  return seconds < 5 ? units.now : units.ago(duration(seconds));
}

/** How long until then, such as "in 3 min", or "now". */
export function until(at: Instant, now: number): string {
  const seconds = (new Date(at).getTime() - now) / 1_000;
  return seconds < 1 ? units.now : units.in(duration(seconds));
}
