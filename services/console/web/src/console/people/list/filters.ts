// The conditions of the list of people. They stand in the address, so a view can be linked.
import type { paths } from '../../../api/schema';

type Query = NonNullable<paths['/v1/staff']['get']['parameters']['query']>;

/** The conditions, in the order of the page; named as the API names them. */
export const FILTERS = [
  'q', 'department', 'group', 'tag', 'role', 'access_level', 'active', 'invitation', 'invitation_mail', 'kind',
  'queue', 'service', 'region', 'skill', 'tracked', 'deleted',
] as const;

/** One of them. */
export type FilterName = (typeof FILTERS)[number];
/** Those that are set. */
export type Filters = Partial<Record<FilterName, string>>;

/** Reads the conditions of an address. What it does not know is left alone. */
export function filtersOf(address: URLSearchParams): Filters {
  const found: Filters = {};
  for (const name of FILTERS) {
    const value = address.get(name)?.trim();
    if (value) found[name] = value;
  }
  return found;
}

/** In which order people are listed. */
export const ORDERS = ['created', '-created', 'name'] as const;
export type Order = (typeof ORDERS)[number];

/** Reads the order of an address. */
export function orderOf(address: URLSearchParams): Order {
  return ORDERS.find((order) => order === address.get('order')) ?? 'created';
}

/** The address's end for some conditions and an order: empty, or from the question mark on. */
export function addressOf(filters: Filters, order: Order = 'created'): string {
  const address = new URLSearchParams();
  for (const name of FILTERS) if (filters[name]) address.set(name, filters[name]);
  if (order !== 'created') address.set('order', order);
  return address.size > 0 ? `?${address}` : '';
}

function isTruth(value: string | undefined): boolean {
  return value === 'true' || value === 'false';
}

/** The same as the query of `GET /v1/staff`. Words without a letter or digit would be refused. */
export function queryOf(filters: Filters): Query {
  const { active, tracked, q, ...others } = filters;
  const query: Query = { ...others };
  if (q && /[\p{L}\p{N}]/u.test(q)) query.q = q;
  if (isTruth(active)) query.active = active === 'true';
  if (isTruth(tracked)) query.tracked = tracked === 'true';
  return query;
}
