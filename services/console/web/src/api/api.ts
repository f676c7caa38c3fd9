// The one door to the API. Types come from its OpenAPI document (`npm run api`), so a call that the
// document does not know does not compile. No token is here: the browser sends its session cookie.
import createClient, { type Middleware } from 'openapi-fetch';
import { clock } from '../state/clock.svelte';
import { giveKey, keepKey } from './keys';
import { loggedOut, offline, problemOf } from './problem';
import type { components, paths } from './schema';

/** The bodies of requests and answers by name. */
export type Schemas = components['schemas'];

/** Called when the API says that nobody is logged in. */
type Ended = () => void;
let ended: Ended = () => {};

/** Says what to do when the session has ended. */
export function onSessionEnded(act: Ended): void {
  ended = act;
}

let person: string | null = null;

/** Says whose page this is. The API refuses to act as anybody else: in another tab of this browser,
    somebody else may have logged in, and all tabs share one cookie. */
export function actAs(staff: string | null): void {
  person = staff;
}

/** When each request was sent. */
const sentAt = new WeakMap<Request, number>();

const middleware: Middleware = {
  async onRequest({ request, schemaPath }) {
    const asksWho = request.method === 'GET' && schemaPath === '/v1/me';
    if (person && !asksWho) request.headers.set('nearhand-staff', person);
    await giveKey(request);
    sentAt.set(request, Date.now());
    return request;
  },
  async onResponse({ request, response, schemaPath }) {
    clock.compare(response.headers.get('date'), sentAt.get(request) ?? NaN);
    if (response.ok || response.status === 304) {
      if (request.method === 'POST') await requireWhole(request, response);
      return undefined;
    }
    const problem = await problemOf(response);
    // The first request still runs, or a proxy gave up on it: this is not its answer.
    if (problem.status >= 500 || problem.code === 'idempotency_in_flight') keepKey(request);
    // Pings count by the device's cookie; that it was revoked says nothing of the session.
    if (problem.code !== 'unauthorized' || schemaPath.startsWith('/v1/pings')) throw problem;
    ended();
    throw loggedOut(problem);
  },
  onError({ error, request }) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    keepKey(request);
    throw offline();
  },
};

/** An answer that breaks off is a lost one. */
async function requireWhole(request: Request, response: Response): Promise<void> {
  try {
    await response.clone().arrayBuffer();
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    keepKey(request);
    throw offline();
  }
}

/** The typed client. Each call throws a `Problem` when it is refused. */
export const api = createClient<paths>({ baseUrl: '/', credentials: 'same-origin', cache: 'no-store' });
api.use(middleware);

type Answer = { data?: unknown; response: Response };

/** The body of an answer. */
export async function body<A extends Answer>(call: Promise<A>): Promise<NonNullable<A['data']>> {
  const { data } = await call;
  return data as NonNullable<A['data']>;
}

/** The body of an answer with its version, which the next change of the thing names in `If-Match`. */
export async function versioned<A extends Answer>(call: Promise<A>): Promise<{ value: NonNullable<A['data']>; etag: string }> {
  const { data, response } = await call;
  return { value: data as NonNullable<A['data']>, etag: response.headers.get('etag') ?? '*' };
}

/** The header of a change that names the version it is made upon, for `params.header`. */
export function ifMatch(etag: string): { 'if-match': string } {
  return { 'if-match': etag };
}
