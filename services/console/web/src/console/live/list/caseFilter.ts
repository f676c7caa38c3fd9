// Which cases the list shows, and in which order. Pure.
import type { ListedCase } from '../cases.svelte';
import { matches } from './peopleFilter';

/** What the chips of the list say. */
export type CaseFilter = { open: boolean; urgent: boolean; mine: boolean; search: string };

/** Whether a case passes. `me` is who reads. */
export function casePasses(one: ListedCase, filter: CaseFilter, me: string): boolean {
  if (filter.open && one.state !== 'open') return false;
  if (filter.urgent && !one.urgent) return false;
  if (filter.mine && one.created_by !== me) return false;
  return matches(`${one.number} ${one.title}`, filter.search);
}

const STATES = ['open', 'in_progress', 'assigned', 'done', 'cancelled'];

/** First what nobody has taken: urgent, then by start (none: now), then newest. */
export function byUrgency(one: ListedCase, other: ListedCase): number {
  const state = STATES.indexOf(one.state) - STATES.indexOf(other.state);
  if (state !== 0) return state;
  if (one.urgent !== other.urgent) return one.urgent ? -1 : 1;
  const start = (one.starts_at ?? '').localeCompare(other.starts_at ?? '');
  return start || other.created_at.localeCompare(one.created_at);
}

/** How many things a case asks for. */
export function needsOf(one: ListedCase): number {
  return one.skills.length + one.languages.length + one.licences.length + one.services.length;
}
