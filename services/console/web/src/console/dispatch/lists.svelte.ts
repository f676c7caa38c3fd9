// The organisation's lists that cases and rankings refer to by id: read once, and again when they are
// older than a minute. What one may not read is an empty list.
import { api, body, type Schemas } from '../../api/api';
import { all } from '../../api/pager.svelte';
import { Problem } from '../../api/problem';
import { session } from '../../state/session.svelte';
import type { Names } from './rank/names';

const FRESH_MS = 60_000;

/** One list, by id. */
export class List<T extends { id?: string | null; name: string }> {
  items: T[] = $state.raw([]);
  #read = 0;
  #running: Promise<void> | null = null;
  #ask: (cursor: string | undefined) => Promise<{ items: T[]; next_cursor?: string | null }>;

  constructor(ask: (cursor: string | undefined) => Promise<{ items: T[]; next_cursor?: string | null }>) {
    this.#ask = ask;
  }

  /** The name of an id, once the list is read. */
  name(id: string | null | undefined): string | undefined {
    return this.items.find((item) => item.id === id)?.name;
  }

  /** Reads it unless it is fresh. */
  async load(): Promise<void> {
    if (Date.now() - this.#read < FRESH_MS) return;
    this.#running ??= this.#load().finally(() => { this.#running = null; });
    await this.#running;
  }

  async #load(): Promise<void> {
    try {
      this.items = await all(this.#ask);
      this.#read = Date.now();
    } catch (thrown) {
      // Names are missing then; whoever needs the list for a change is told by the change.
      if (!(thrown instanceof Problem)) throw thrown;
      if (thrown.status === 403) this.#read = Date.now();
    }
  }
}

const page = (cursor: string | undefined) => ({ limit: 200, ...(cursor ? { cursor } : {}) });

/** The lists of this page. */
export const lists = {
  services: new List((cursor) => body(api.GET('/v1/services', { params: { query: page(cursor) } }))),
  regions: new List((cursor) => body(api.GET('/v1/regions', { params: { query: page(cursor) } }))),
  clients: new List((cursor) => body(api.GET('/v1/clients', { params: { query: page(cursor) } }))),
  queues: new List((cursor) => body(api.GET('/v1/queues', { params: { query: page(cursor) } }))),
  groups: new List((cursor) => body(api.GET('/v1/groups', { params: { query: page(cursor) } }))),
  departments: new List((cursor) => body(api.GET('/v1/departments', { params: { query: page(cursor) } }))),
  policies: new List((cursor) => body(api.GET('/v1/policies', { params: { query: page(cursor) } }))),
};

/** What words about rankings need to know. */
export const names: Names = {
  service: (id) => lists.services.name(id),
  region: (id) => lists.regions.name(id),
  get zone() { return session.timeZone; },
};

/** Skills, licences and languages that people of the organisation have, to choose from. */
class Codes {
  skills: string[] = $state.raw([]);
  licences: { code: string; jurisdiction: string }[] = $state.raw([]);
  languages: string[] = $state.raw([]);
  #loaded = false;

  async load(): Promise<void> {
    if (this.#loaded) return;
    this.#loaded = true;
    const people = await this.#people();
    const sorted = (all: string[]) => [...new Set(all)].sort((a, b) => a.localeCompare(b));
    this.skills = sorted(people.flatMap((person) => person.skills.map((skill) => skill.code)));
    this.languages = sorted([...(session.organization?.languages ?? []), ...people.flatMap((person) => person.languages.map((one) => one.language))]);
    const licences = people.flatMap((person) => person.licences);
    this.licences = [...new Map(licences.map(({ code, jurisdiction }) => [`${code} ${jurisdiction}`, { code, jurisdiction }])).values()];
  }

  /** The first thousand people say enough of what there is; any other code can be typed. */
  async #people(): Promise<Pick<Schemas['Staff'], 'skills' | 'licences' | 'languages'>[]> {
    try {
      return await all((cursor) => body(api.GET('/v1/staff', { params: { query: page(cursor) } })), 1_000);
    } catch (thrown) {
      if (!(thrown instanceof Problem)) throw thrown;
      this.#loaded = false;
      return [];
    }
  }
}

/** The codes in use. */
export const codes = new Codes();
