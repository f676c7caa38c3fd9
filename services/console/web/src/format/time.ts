// Instants, ages and lengths of time as people read them, in a given time zone.

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

/** A length of time in its two largest units, such as "2 h 5 min" or "40 s". */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const units: [number, string][] = [[86_400, 'd'], [3_600, 'h'], [60, 'min'], [1, 's']];
  const first = units.findIndex(([size]) => whole >= size);
  if (first < 0) return '0 s';
  const [size, name] = units[first]!;
  const next = units[first + 1];
  const rest = whole % size;
  const count = next ? Math.floor(rest / next[0]) : 0;
  const head = `${Math.floor(whole / size)} ${name}`;
  return next && count > 0 && name !== 'min' ? `${head} ${count} ${next[1]}` : head;
}

/** A drive or a delay of so many minutes, to the minute from one minute on. */
export function minutes(length: number): string {
  return duration(length < 1 ? length * 60 : Math.round(length) * 60);
}

/** An amount of work of so many minutes, never in days, such as "40 h" or "7.5 h". */
export function work(length: number): string {
  return length < 60 ? `${Math.round(length)} min` : `${Math.round(length / 6) / 10} h`;
}

/** How long ago, such as "3 min ago", or "now". */
export function ago(at: Instant, now: number): string {
  const seconds = (now - new Date(at).getTime()) / 1_000;
  return seconds < 5 ? 'now' : `${duration(seconds)} ago`;
}

/** How long until then, such as "in 3 min", or "now". */
export function until(at: Instant, now: number): string {
  const seconds = (new Date(at).getTime() - now) / 1_000;
  return seconds < 1 ? 'now' : `in ${duration(seconds)}`;
}
