// What things are called, by kind and id: read once each, when a page first shows one.
import { SvelteMap } from 'svelte/reactivity';
import { api, body } from '../api/api';
import { Problem } from '../api/problem';

type Ask = (id: string) => Promise<string>;
const path = (id: string) => ({ params: { path: { id } } });

/** How the name of each kind is read. */
const asks = {
  staff: async (id) => (await body(api.GET('/v1/staff/{id}', path(id)))).display_name,
  case: async (id) => {
    const { number, title } = await body(api.GET('/v1/cases/{id}', path(id)));
    return [number, title].filter(Boolean).join(' ');
  },
  client: async (id) => (await body(api.GET('/v1/clients/{id}', path(id)))).name,
  department: async (id) => (await body(api.GET('/v1/departments/{id}', path(id)))).name,
  group: async (id) => (await body(api.GET('/v1/groups/{id}', path(id)))).name,
  tag: async (id) => (await body(api.GET('/v1/tags/{id}', path(id)))).name,
  queue: async (id) => (await body(api.GET('/v1/queues/{id}', path(id)))).name,
  service: async (id) => (await body(api.GET('/v1/services/{id}', path(id)))).name,
  region: async (id) => (await body(api.GET('/v1/regions/{id}', path(id)))).name,
  role: async (id) => (await body(api.GET('/v1/roles/{id}', path(id)))).name,
  policy: async (id) => (await body(api.GET('/v1/policies/{id}', path(id)))).name,
  service_account: async (id) => (await body(api.GET('/v1/service-accounts/{id}', path(id)))).name,
} satisfies Record<string, Ask>;

/** A kind of thing that has a name. */
export type NamedKind = keyof typeof asks;

/** Whether things of this kind have names that can be read. */
export function isNamed(kind: string): kind is NamedKind {
  return kind in asks;
}

/** null: it is gone, or one may not see it. */
const known = new SvelteMap<string, string | null>();
const asked = new Set<string>();

/** Remembers a name that came with something else. */
export function remember(kind: NamedKind, id: string, name: string): void {
  const key = `${kind}/${id}`;
  asked.add(key);
  if (known.get(key) !== name) known.set(key, name);
}

/** A name. Undefined: it is being read; null: it is gone, or one may not see it. */
export function nameOf(kind: NamedKind, id: string): string | null | undefined {
  const key = `${kind}/${id}`;
  if (!asked.has(key)) {
    asked.add(key);
    queueMicrotask(() => void ask(kind, id));
  }
  return known.get(key);
}

async function ask(kind: NamedKind, id: string): Promise<void> {
  const key = `${kind}/${id}`;
  try {
    known.set(key, await asks[kind](id));
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    known.set(key, null);
    // What failed for the moment may be asked again later.
    if (thrown.status !== 404 && thrown.status !== 403) asked.delete(key);
  }
}
