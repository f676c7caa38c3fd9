// What the lists do not hold but the server knows: people who are not on this part of the map, and
// closed cases.
import { api, body, type Schemas } from '../../../api/api';
import { session } from '../../../state/session.svelte';
import type { ListedCase } from '../cases.svelte';
import { TypedSearch } from './typedSearch.svelte';

const MOST = 8;

/** Somebody found by name. */
export type Elsewhere = Schemas['Page_Staff']['items'][number];

/** A search over everybody the reader may see. */
export function peopleElsewhere(): TypedSearch<Elsewhere> {
  return new TypedSearch(async (asked) => {
    if (!session.may('staff:view')) return [];
    return (await body(api.GET('/v1/staff', { params: { query: { q: asked, active: true, limit: MOST } } }))).items;
  });
}

/** A search over the closed cases by title and number, the newest first. */
export function closedCases(): TypedSearch<ListedCase> {
  const read = async (q: string, status: string) => (await body(api.GET('/v1/cases', { params: { query: { q, status, sort: '-created', limit: MOST } } }))).items;
  // Among many whose number begins so, the one with just this number would be lost.
  const readNumber = async (number: string) => (await body(api.GET('/v1/cases', { params: { query: { number, limit: 1 } } }))).items;
  return new TypedSearch(async (asked) => {
    const found = await Promise.all([read(asked, 'done'), read(asked, 'cancelled'), readNumber(asked)]);
    const exact = found[2].filter((one) => one.number.toLowerCase() === asked.toLowerCase() && one.status !== 'open');
    const others = [...found[0], ...found[1]].filter((one) => exact.every((first) => first.id !== one.id));
    return [...exact, ...others.sort((one, other) => other.id.localeCompare(one.id))];
    // A number may have one digit.
  }, 1);
}
