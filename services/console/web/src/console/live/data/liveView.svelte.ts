// What the viewport shows: people by a stream of their moves, or counts by cell where they are too
// many. It asks for half again the viewport, and anew only when that is left.
import { api, body, type Schemas } from '../../../api/api';
import { asProblem, Problem } from '../../../api/problem';
import { EventStream, type StreamState } from '../../../api/stream.svelte';
import { bboxText, type Box } from '../../../map/geometry';
import { session } from '../../../state/session.svelte';
import { askFor, isOutgrown, modeFor, type Mode } from './crowd';
import { People } from './people.svelte';
import type { LivePosition, Person } from './person';

const SETTLED_MS = 300;
const COUNTS_EVERY_MS = 10_000;
const HOMES_EVERY_MS = 60_000;

type Snapshot = { items: LivePosition[]; truncated: boolean };

/** The people of the live page. `close` it when the page goes. */
export class LiveView {
  readonly people = new People();
  mode: Mode = $state('people');
  /** By cell, while people are counted. */
  counts: Schemas['PositionCounts'] | null = $state.raw(null);
  countedMs: number | null = $state(null);
  /** Whether there are more people with a fix than a stream sends. */
  truncated = $state(false);
  /** Whether there are more people without a fix than a list holds. */
  homesTruncated = $state(false);
  problem: Problem | null = $state.raw(null);
  /** The viewport. */
  box: Box | null = $state.raw(null);
  zoom = $state(0);
  /** Whether a first answer has come. */
  loaded = $state(false);
  #stream: EventStream | null = $state.raw(null);
  #asked: Box | null = null;
  #withHomes = true;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #polling: ReturnType<typeof setInterval>;
  #polled = { counts: 0, homes: 0 };
  #closed = false;

  constructor() {
    this.#polling = setInterval(() => this.#poll(), 1_000);
  }

  /** The connection, as the state line says it. */
  get connection(): StreamState | 'counts' | 'off' {
    if (!session.may('tracking:view')) return 'off';
    // The stream may be well, but of another part of the map than is shown.
    if (this.problem) return 'reconnecting';
    return this.mode === 'counts' ? 'counts' : this.#stream?.state ?? 'connecting';
  }

  /** A person as they are now. Whoever reads it follows changes. */
  person(id: string): Person | undefined {
    void this.people.version;
    return this.people.get(id);
  }

  /** Raised when somebody comes or goes. */
  membership(): number {
    return this.people.membership;
  }

  /** Says what the map shows now. */
  look(box: Box, zoom: number): void {
    this.box = box;
    this.zoom = zoom;
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => void this.#settle(), this.#asked ? SETTLED_MS : 0);
  }

  /** Whether people without a live fix are shown as well. */
  showHomes(shown: boolean): void {
    if (shown === this.#withHomes) return;
    this.#withHomes = shown;
    if (shown) this.#polled.homes = 0;
    else this.people.setHomes([]);
  }

  /** Asks again after something failed. */
  again(): void {
    this.#asked = null;
    void this.#settle();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#settling);
    clearInterval(this.#polling);
    this.#stream?.close();
    this.people.close();
  }

  async #settle(): Promise<void> {
    const view = this.box;
    if (!view || !session.may('tracking:view')) return;
    if (this.mode === 'people' && this.#asked && !isOutgrown(this.#asked, view)) return;
    const asked = askFor(view);
    this.#asked = asked;
    try {
      const counts = await this.#count(asked);
      if (this.#asked !== asked || this.#closed) return;
      this.problem = null;
      this.loaded = true;
      this.#show(counts);
    } catch (thrown) {
      if (this.#asked !== asked || this.#closed) return;
      this.#asked = null;
      this.#polled.counts = Date.now();
      this.problem = asProblem(thrown);
    }
  }

  #show(counts: Schemas['PositionCounts']): void {
    this.mode = modeFor({ people: counts.people, cells: counts.items.length }, this.zoom, this.mode);
    this.#polled = { counts: Date.now(), homes: 0 };
    if (this.mode === 'counts') {
      this.counts = counts;
      this.countedMs = Date.now();
      this.#stream?.close();
      this.#stream = null;
      this.people.clear();
      return;
    }
    this.counts = null;
    const url = `/v1/positions/stream?bbox=${bboxText(this.#asked!)}`;
    if (this.#stream) this.#stream.follow(url);
    else this.#stream = this.#open(url);
  }

  #open(url: string): EventStream {
    return new EventStream(url, {
      snapshot: (data) => {
        const { items, truncated } = data as Snapshot;
        this.truncated = truncated;
        this.people.onSnapshot(items);
      },
      position: (data) => this.people.onPosition(data as LivePosition),
      gone: (data) => this.people.onGone((data as { staff_id: string }).staff_id),
    });
  }

  #poll(): void {
    if (document.hidden || !session.may('tracking:view')) return;
    const now = Date.now();
    if (this.problem && !this.#asked && now - this.#polled.counts > COUNTS_EVERY_MS) {
      this.#polled.counts = now;
      void this.#settle();
    }
    if (!this.#asked) return;
    if (this.mode === 'counts' && now - this.#polled.counts > COUNTS_EVERY_MS) {
      this.#polled.counts = now;
      void this.#countAgain();
    }
    if (this.mode === 'people' && this.loaded && this.#withHomes && session.may('staff:view') && now - this.#polled.homes > HOMES_EVERY_MS) {
      this.#polled.homes = now;
      void this.#readHomes();
    }
  }

  async #countAgain(): Promise<void> {
    const asked = this.#asked!;
    try {
      const counts = await this.#count(asked);
      if (this.#asked !== asked || this.#closed) return;
      this.problem = null;
      this.#show(counts);
    } catch (thrown) {
      if (this.#asked === asked) this.problem = asProblem(thrown);
    }
  }

  /** People without a live fix are not in the stream. They change seldom. */
  async #readHomes(): Promise<void> {
    const asked = this.#asked!;
    try {
      const read = await body(api.GET('/v1/positions', { params: { query: { bbox: bboxText(asked), include: 'home' } } }));
      if (this.#asked !== asked || !this.#withHomes || this.#closed) return;
      this.homesTruncated = read.truncated;
      this.people.setHomes(read.items.filter((person) => person.source !== 'ping'));
    } catch (thrown) {
      // The stream shows the rest; homes are asked for again in a minute.
      if (!(thrown instanceof Problem)) throw thrown;
    }
  }

  #count(box: Box): Promise<Schemas['PositionCounts']> {
    return body(api.GET('/v1/positions/counts', { params: { query: { bbox: bboxText(box) } } }));
  }
}
