// Whether one's position is wanted now, and why not: consent, pause and hours, as the API says.
import { api, body, type Schemas } from '../../api/api';
import { Problem, asProblem } from '../../api/problem';

/** When the API names no time of change, it is asked this often. */
const ASK_EVERY_MS = 3_600_000;
/** A timer of a browser cannot be set further ahead than this. */
const LONGEST_MS = 2_000_000_000;
/** After no answer. */
const RETRY_MS = 30_000;

/** The answer, kept current. */
export class Tracking {
  now: Schemas['OwnTracking'] | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  #changed: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** `changed` is called after each answer. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  /** Asks now, and again when the answer will change. */
  async load(): Promise<void> {
    clearTimeout(this.#timer);
    let wait = RETRY_MS;
    try {
      this.now = await body(api.GET('/v1/me/tracking'));
      this.problem = null;
      const changes = this.now.changes_at ? Date.parse(this.now.changes_at) - Date.now() : ASK_EVERY_MS;
      wait = Math.min(Math.max(changes, 0) + 1_000, ASK_EVERY_MS, LONGEST_MS);
      this.#changed();
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
    clearTimeout(this.#timer);
    if (!this.#closed) this.#timer = setTimeout(() => void this.load(), wait);
  }

  /** Asks no more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#closed = true;
  }

  async pause(minutes: number): Promise<void> {
    await api.POST('/v1/me/tracking/pause', { body: { minutes } });
    await this.load();
  }

  async resume(): Promise<void> {
    await api.DELETE('/v1/me/tracking/pause');
    await this.load();
  }

  /** Withdraws the consent for good; only an admin can record a new one. */
  async withdraw(): Promise<void> {
    await api.DELETE('/v1/me/tracking');
    await this.load();
  }
}
