// Whether one's position is wanted now, and why not: consent, pause and hours, as the API says.
import { api, body, type Schemas } from '../../api/api';
import { clock } from '../../state/clock.svelte';
import { Problem, asProblem } from '../../api/problem';

/** While the page is seen it is asked this often, as an admin may change it at any time. */
const SEEN_EVERY_MS = 60_000;
/** The same for a page that nobody sees; one that is seen again asks at once. */
const HIDDEN_EVERY_MS = 3_600_000;
/** When the change that was announced should have come, and has not. */
const OVERDUE_MS = 15_000;
/** After no answer. */
const RETRY_MS = 30_000;

/** The answer, kept current. */
export class Tracking {
  now: Schemas['OwnTracking'] | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  #changed: () => void;
  #due: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #turn = 0;
  #closed = false;

  /** `changed` is called after each answer, `due` when it is time to load again. */
  constructor(changed: () => void, due: () => void) {
    this.#changed = changed;
    this.#due = due;
  }

  /** Asks now, and sets the time to ask again. Only the answer to the last question counts. */
  async load(): Promise<void> {
    if (this.#closed) return;
    const turn = ++this.#turn;
    clearTimeout(this.#timer);
    let wait = RETRY_MS;
    try {
      const now = await body(api.GET('/v1/me/tracking'));
      if (this.#isVoid(turn)) return;
      this.now = now;
      this.problem = null;
      wait = untilNext(now);
      this.#changed();
    } catch (thrown) {
      if (this.#isVoid(turn)) return;
      this.problem = asProblem(thrown);
    }
    this.#timer = setTimeout(this.#due, wait);
  }

  /** Asks no more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #isVoid(turn: number): boolean {
    return this.#closed || turn !== this.#turn;
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

/** Until when an answer holds. */
function untilNext({ changes_at }: Schemas['OwnTracking']): number {
  const longest = document.hidden ? HIDDEN_EVERY_MS : SEEN_EVERY_MS;
  if (!changes_at) return longest;
  const left = Date.parse(changes_at) - clock.readServer();
  return left < 0 ? OVERDUE_MS : Math.min(left + 1_000, longest);
}
