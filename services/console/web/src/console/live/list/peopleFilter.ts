// Which people the list shows, and in which order. Pure.
import { isInside, type Box } from '../../../map/geometry';
import { dutyOf, isHollow, type Person } from '../data/person';

/** What the chips of the list say. */
export type PeopleFilter = { live: boolean; onShift: boolean; free: boolean; search: string };

const order = new Intl.Collator(undefined, { sensitivity: 'base', numeric: true });

/** Text without case and accents, so that "joao" finds "João". */
export function plain(text: string): string {
  return text.normalize('NFD').replace(/\p{Mark}/gu, '').toLowerCase();
}

/** By name. */
export function byName(one: Person, other: Person): number {
  return order.compare(one.display_name ?? '', other.display_name ?? '') || (one.staff_id < other.staff_id ? -1 : 1);
}

/** Whether somebody passes. Each word of the search must begin a word of the name. */
export function passes(person: Person, filter: PeopleFilter, view: Box | null): boolean {
  if (view && !isInside(view, person.position)) return false;
  if (filter.live && isHollow(person)) return false;
  if (filter.onShift && person.on_shift !== true) return false;
  if (filter.free && dutyOf(person) !== 'free') return false;
  return matches(person.display_name ?? '', filter.search);
}

/** Whether each word of the search begins a word of a text. */
export function matches(text: string, search: string): boolean {
  const wanted = plain(search).split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return true;
  const there = plain(text).split(/[\s-]+/);
  return wanted.every((word) => there.some((one) => one.startsWith(word)));
}
