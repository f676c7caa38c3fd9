// Sends the stored fixes of one device, oldest first, and forgets them once the API has said what
// became of them. One tab sends at a time; the others wait for their turn.
import { api, body, type Schemas } from '../../api/api';
import { Problem } from '../../api/problem';
import { FRESH, after, hurry, waitMs, type Outcome, type Pace, type Trouble } from './plan';
import type { Fix } from './fix';
import type { Queue } from './queue';

const LOCK = 'nearhand-phone-send';

/** Sending, and how it goes. */
export class Sender {
  /** Fixes that are not sent yet. */
  queued = $state(0);
  /** When the API last took fixes, in milliseconds. */
  lastSent: number | null = $state(null);
  trouble: Trouble | null = $state(null);
  /** Why the API threw away fixes of the last request, such as `tracking_off`. */
  discarded: string | null = $state(null);
  /** The browser's storage has failed. */
  broken = $state(false);
  #queue: Queue;
  #onDiscarded: () => void;
  #device: string | null = null;
  #pace: Pace = FRESH;
  #running = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `discarded` is called when the API throws fixes away. */
  constructor(queue: Queue, discarded: () => void) {
    this.#queue = queue;
    this.#onDiscarded = discarded;
    addEventListener('online', () => this.hurry());
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.hurry(); });
  }

  /** Sends as this device from now on. */
  async begin(device: string): Promise<void> {
    this.#device = device;
    this.#pace = FRESH;
    this.trouble = null;
    await this.#recount();
    this.#schedule();
  }

  /** Sends no more. What is stored stays. */
  end(): void {
    this.#device = null;
    clearTimeout(this.#timer);
    this.queued = 0;
  }

  /** Stores a fix and sends it as soon as may be. */
  async take(fix: Fix): Promise<void> {
    if (!this.#device) return;
    try {
      await this.#queue.add(this.#device, fix);
      this.broken = false;
    } catch {
      this.broken = true;
      return;
    }
    await this.#recount();
    this.#schedule();
  }

  /** Tries again without waiting for a network that may be back. */
  hurry(): void {
    this.#pace = hurry(this.#pace);
    this.#schedule();
  }

  /** One try for all that is stored, for somebody who is about to log out. Answers how many are left. */
  async flush(): Promise<number> {
    this.hurry();
    await this.#run();
    return this.queued;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (!this.#device || this.#running) return;
    const wait = waitMs(this.#pace, this.queued, Date.now());
    if (wait !== null) this.#timer = setTimeout(() => void this.#run(), wait);
  }

  async #run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      await navigator.locks.request(LOCK, () => this.#sendAll());
    } catch {
      // The database is gone. What could not be removed is sent again, and stored once by its key.
      this.broken = true;
      this.#pace = after(this.#pace, 1, { status: 503, retryAfterS: null }, Date.now(), Math.random()).pace;
    } finally {
      this.#running = false;
    }
    this.#schedule();
  }

  /** Batch after batch, until nothing is left or a wait is due. */
  async #sendAll(): Promise<void> {
    for (;;) {
      const device = this.#device;
      await this.#recount();
      if (!device || waitMs(this.#pace, this.queued, Date.now()) !== 0) return;
      const fixes = await this.#queue.oldest(device, this.#pace.batch);
      const outcome = await this.#send(fixes);
      if (this.#device !== device) return;
      const { pace, forget } = after(this.#pace, fixes.length, outcome, Date.now(), Math.random());
      this.#pace = pace;
      this.trouble = pace.trouble;
      if (forget) await this.#queue.remove(fixes.map((fix) => fix.key));
    }
  }

  async #send(fixes: Fix[]): Promise<Outcome> {
    const sent_at = new Date().toISOString();
    try {
      const reply = await body(api.POST('/v1/pings', { body: { pings: fixes.map((fix) => ({ ...fix, sent_at })) } }));
      this.#took(reply);
      return { status: 200, retryAfterS: null };
    } catch (thrown) {
      if (!(thrown instanceof Problem)) throw thrown;
      return { status: thrown.status, retryAfterS: thrown.retryAfter };
    }
  }

  #took(reply: Schemas['PingsReply']): void {
    this.lastSent = Date.now();
    this.discarded = Object.keys(reply.discarded ?? {})[0] ?? null;
    if (this.discarded) this.#onDiscarded();
  }

  async #recount(): Promise<void> {
    this.queued = this.#device ? await this.#queue.count(this.#device) : 0;
  }
}
