// What things are called, by kind and id: read when a page shows one, and again when it was read long
// ago or when this page has changed the thing.
import type { Middleware } from 'openapi-fetch';
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

/** The collection of each kind, as addresses of the API name it. */
const collections: Record<string, NamedKind> = {
  staff: 'staff', cases: 'case', clients: 'client', departments: 'department', groups: 'group', tags: 'tag', queues: 'queue',
  services: 'service', regions: 'region', roles: 'role', policies: 'policy', 'service-accounts': 'service_account',
};

/** Somebody else may have renamed what was read longer ago. */
const FRESH_MS = 60_000;

/** null: it is gone, or one may not see it. */
const known = new SvelteMap<string, string | null>();
/** When each was asked for last. A newer question makes the answers to older ones void. */
const asked = new Map<string, { at: number }>();

/** Remembers a name that came with something else. */
export function remember(kind: NamedKind, id: string, name: string): void {
  const key = `${kind}/${id}`;
  asked.set(key, { at: Date.now() });
  if (known.get(key) !== name) known.set(key, name);
}

/** A name. Undefined: it is being read; null: it is gone, or one may not see it. An old one is read
    again, and shown meanwhile. */
export function nameOf(kind: NamedKind, id: string): string | null | undefined {
  const key = `${kind}/${id}`;
  const last = asked.get(key);
  if (!last || Date.now() - last.at > FRESH_MS) ask(kind, id);
  return known.get(key);
}

/** Reads a name a moment later: who asks may be a page that is being drawn, which must change nothing. */
function ask(kind: NamedKind, id: string): void {
  const question = { at: Date.now() };
  asked.set(`${kind}/${id}`, question);
  queueMicrotask(() => void read(kind, id, question));
}

async function read(kind: NamedKind, id: string, question: { at: number }): Promise<void> {
  const key = `${kind}/${id}`;
  const isNewest = () => asked.get(key) === question;
  try {
    const name = await asks[kind](id);
    if (isNewest()) known.set(key, name);
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    if (!isNewest()) return;
    const gone = thrown.status === 404 || thrown.status === 403;
    if (gone || !known.has(key)) known.set(key, null);
    // What failed for the moment may be asked again later.
    if (!gone) asked.delete(key);
  }
}

// What this page changes is read again at once if its name was shown.
const onChange: Middleware = {
  onResponse({ request, response, schemaPath, params }) {
    if (request.method === 'GET' || !response.ok) return;
    const kind = collections[/^\/v1\/([a-z-]+)\/\{id\}(\/undelete|\/erase)?$/.exec(schemaPath)?.[1] ?? ''];
    const id = String(params.path?.id ?? '');
    if (kind && known.has(`${kind}/${id}`)) ask(kind, id);
  },
};
api.use(onChange);
