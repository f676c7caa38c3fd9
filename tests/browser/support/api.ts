// The API, as a program calls it: with a bearer token. Stories make what they need with it, quickly,
// and look with it at what a page has done.
import type { components } from '../../../services/console/web/src/api/schema';

/** The bodies of requests and answers by name. */
export type Schemas = components['schemas'];

/** A body of a request. */
export type Input = Record<string, unknown>;

/** Where the server is. */
export function serverUrl(): string {
  const url = process.env.NEARHAND_TEST_URL;
  if (!url) throw new Error('no server was started');
  return url;
}

/** A token that ends so soon is replaced by a new one. */
const SPARE_MS = 60_000;

/** One login's view of the API. Each call throws when it is refused. */
export class Api {
  #session: Promise<Schemas['SessionTokens']>;

  private constructor(session: Promise<Schemas['SessionTokens']>) {
    this.#session = session;
  }

  /** Logs in. */
  static async logIn(login: string, password: string): Promise<Api> {
    const session = call<Schemas['SessionTokens']>('POST', '/v1/sessions', { login, password });
    await session;
    return new Api(session);
  }

  async get<T>(path: string): Promise<T> {
    return call('GET', path, undefined, await this.#token());
  }

  async post<T = unknown>(path: string, body: Input = {}): Promise<T> {
    return call('POST', path, body, await this.#token());
  }

  /** Changes something, whatever its version is. */
  async patch<T = unknown>(path: string, body: Input): Promise<T> {
    return call('PATCH', path, body, await this.#token(), { 'if-match': '*' });
  }

  /** Replaces something, whatever its version is. */
  async put<T = unknown>(path: string, body: Input): Promise<T> {
    return call('PUT', path, body, await this.#token(), { 'if-match': '*' });
  }

  async delete(path: string): Promise<unknown> {
    return call('DELETE', path, undefined, await this.#token());
  }

  /** A token that is good for a while. One lives ten minutes, a run on a busy machine longer. */
  async #token(): Promise<string> {
    const held = this.#session;
    const { access_token, access_expires_at, refresh_token } = await held;
    if (Date.parse(access_expires_at) - Date.now() > SPARE_MS) return access_token;
    // Of several calls at once the first asks: each refresh token counts once.
    if (this.#session === held) this.#session = call('POST', '/v1/sessions/refresh', { refresh_token });
    return (await this.#session).access_token;
  }
}

async function call<T>(method: string, path: string, body?: Input, token?: string, more: Record<string, string> = {}): Promise<T> {
  const headers: Record<string, string> = { ...more };
  if (token) headers.authorization = `Bearer ${token}`;
  if (body) headers['content-type'] = 'application/json';
  const response = await fetch(serverUrl() + path, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return (text ? JSON.parse(text) : null) as T;
}
