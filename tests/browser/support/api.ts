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

/** One login's view of the API. Each call throws when it is refused. */
export class Api {
  #token: string;

  constructor(token: string) {
    this.#token = token;
  }

  /** Logs in. */
  static async logIn(login: string, password: string): Promise<Api> {
    const session = await call<Schemas['SessionTokens']>('POST', '/v1/sessions', { login, password });
    return new Api(session.access_token);
  }

  get<T>(path: string): Promise<T> {
    return call('GET', path, undefined, this.#token);
  }

  post<T = unknown>(path: string, body: Input = {}): Promise<T> {
    return call('POST', path, body, this.#token);
  }

  /** Changes something, whatever its version is. */
  patch<T = unknown>(path: string, body: Input): Promise<T> {
    return call('PATCH', path, body, this.#token, { 'if-match': '*' });
  }

  /** Replaces something, whatever its version is. */
  put<T = unknown>(path: string, body: Input): Promise<T> {
    return call('PUT', path, body, this.#token, { 'if-match': '*' });
  }

  delete(path: string): Promise<unknown> {
    return call('DELETE', path, undefined, this.#token);
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
