// The list of people: its conditions from the address, its pages, and who is selected.
import { searchParams } from 'sv-router';
import { SvelteMap } from 'svelte/reactivity';
import { api, body } from '../../../api/api';
import { Pager } from '../../../api/pager.svelte';
import type { Listed } from '../types';
import { addressOf, filtersOf, FILTERS, orderOf, queryOf, type FilterName, type Filters, type Order } from './filters';

const PAGE = 50;

/** How many people one request may change. */
export const MOST_AT_ONCE = 500;

/** How far down a list was scrolled, by the end of its address. */
let place = { address: '', top: 0 };

class PeopleView {
  list = new Pager<Listed>();
  filters: Filters = $derived(filtersOf(searchParams.toURLSearchParams()));
  order: Order = $derived(orderOf(searchParams.toURLSearchParams()));
  /** Who is selected, by id; people stay selected while others are looked for. */
  selected = new SvelteMap<string, Listed>();

  /** Sets or clears a condition. Typing in the search field makes no entry of the browser's history. */
  set(name: FilterName, value: string): void {
    const options = { replace: name === 'q' };
    if (value) searchParams.set(name, value, options);
    else searchParams.delete(name, undefined, options);
  }

  /** Sorts in another order. */
  sort(order: string): void {
    if (order === 'created') searchParams.delete('order');
    else searchParams.set('order', order);
  }

  /** Clears every condition. */
  clear(): void {
    for (const name of FILTERS) if (searchParams.has(name)) searchParams.delete(name, undefined, { replace: true });
  }

  /** Reads who fits, page by page. Who came back finds what they had read, while it is read again. */
  async read(filters: Filters, order: Order): Promise<void> {
    const address = addressOf(filters, order);
    if (address === last) return this.list.again();
    last = address;
    const query = { ...queryOf(filters), sort: order, limit: PAGE };
    await this.list.start((cursor, signal) => body(api.GET('/v1/staff', { params: { query: { ...query, cursor } }, signal })));
  }

  /** How far down the list was when it was left; its top if it was another one. */
  get top(): number {
    return place.address === addressOf(this.filters, this.order) ? place.top : 0;
  }

  set top(top: number) {
    place = { address: addressOf(this.filters, this.order), top };
  }

  /** Selects or deselects a person. */
  toggle(person: Listed): void {
    if (this.selected.has(person.id)) this.selected.delete(person.id);
    else this.selected.set(person.id, person);
  }
}

let last: string | null = null;

/** The end of the address of the list as it was last seen, for the way back to it. */
export function lastList(): string {
  return last ?? '';
}

/** The list of this page. */
export const view = new PeopleView();
