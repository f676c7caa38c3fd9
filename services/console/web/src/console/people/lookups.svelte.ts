// The names of what people belong to and prefer: departments, groups, tags and the like. They are read
// when a page needs them; whoever may not read them sees the pages without.
import { api, body } from '../../api/api';
import { all } from '../../api/pager.svelte';
import { asProblem, type Problem } from '../../api/problem';
import { session } from '../../state/session.svelte';
import { words } from '../../texts';

/** Something with a name. */
export type Named = { id: string; name: string; active?: boolean };
type Cursor = string | undefined;

/** All things of one kind. */
class Lookup {
  items: Named[] = $state.raw([]);
  loaded = $state(false);
  problem: Problem | null = $state.raw(null);
  #names = $derived(new Map(this.items.map((item) => [item.id, item.name])));
  #ask: (cursor: Cursor) => Promise<{ items: Named[]; next_cursor?: string | null }>;

  constructor(ask: (cursor: Cursor) => Promise<{ items: Named[]; next_cursor?: string | null }>) {
    this.#ask = ask;
  }

  /** Reads them, again if they are there already: somebody may have added one. */
  async read(): Promise<void> {
    if (!session.may('settings:view')) return;
    try {
      this.items = await all(this.#ask);
      this.problem = null;
      this.loaded = true;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }

  /** What one of them is called. */
  name(id: string): string {
    return this.#names.get(id) ?? words.shared.unknownName;
  }
}

const page = (cursor: Cursor) => ({ params: { query: { limit: 200, cursor } } });

/** Departments. */
export const departments = new Lookup((cursor) => body(api.GET('/v1/departments', page(cursor))));
/** Groups. */
export const groups = new Lookup((cursor) => body(api.GET('/v1/groups', page(cursor))));
/** Tags. */
export const tags = new Lookup((cursor) => body(api.GET('/v1/tags', page(cursor))));
/** Queues of cases. */
export const queues = new Lookup((cursor) => body(api.GET('/v1/queues', page(cursor))));
/** Services. */
export const services = new Lookup((cursor) => body(api.GET('/v1/services', page(cursor))));
/** Regions. */
export const regions = new Lookup((cursor) => body(api.GET('/v1/regions', page(cursor))));
/** Roles of the organisation's own, which people are given beside their admin role. */
export const customRoles = new Lookup(async (cursor) => {
  const { items, next_cursor } = await body(api.GET('/v1/roles', page(cursor)));
  return { next_cursor, items: items.flatMap((role) => (role.kind === 'custom' && role.id ? [{ id: role.id, name: role.name }] : [])) };
});
