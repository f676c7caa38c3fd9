// What a row and a card say about a person's place. Pure.
import { metres } from '../../../format/distance';
import { ago } from '../../../format/time';
import { words } from '../../../texts';
import { dutyOf, isCell, isHollow, type Person } from '../data/person';

const text = words.live;

/** Their name, or that they have none. */
export function nameOf(person: { display_name?: string | null }): string {
  return person.display_name || text.unnamed;
}

/** Such as "Free · moving · 3 min ago · ±10 m". */
export function summary(person: Person, nowMs: number): string {
  const parts = isHollow(person)
    ? [text.duty[dutyOf(person)], text.source[person.source] ?? person.source, text.noFix]
    : [text.duty[dutyOf(person)], motion(person), person.seenMs === null ? '' : ago(person.seenMs, nowMs), accuracy(person)];
  return parts.filter(Boolean).join(' · ');
}

/** Moving or still, where the API says so. */
export function motion(person: Person): string {
  if (typeof person.moving !== 'boolean') return '';
  return person.moving ? text.moving : text.still;
}

/** How exact the place is. */
export function accuracy(person: Person): string {
  if (isCell(person)) return text.area;
  return person.accuracy_m === null ? '' : text.accuracy(person.accuracy_m < 10 ? words.units.m(String(Math.ceil(person.accuracy_m))) : metres(person.accuracy_m));
}
