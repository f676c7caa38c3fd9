// Sends the stored fixes of one person, oldest first, and forgets them once the API has said what
// became of them. Nothing is sent while this browser is no device of theirs. One tab sends at a time;
// the others wait for their turn.
import { api, body, type Schemas } from '../../api/api';
import { Problem } from '../../api/problem';
import { FRESH, after, hurry, waitMs, type Outcome, type Pace, type Trouble } from './plan';
import { known } from './enrolment';
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
  /** Why the API will never take fixes of the last request, such as `fix_at_in_future`, and whether that was all of them. */
  rejected: { code: string; all: boolean } | null = $state.raw(null);
  /** The browser's storage has failed. */
  broken = $state(false);
  #staff: string;
  #queue: Queue;
  #onDiscarded: () => void;
  #pace: Pace = FRESH;
  #running: Promise<void> | null = null;
  #ended = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `discarded` is called when the API throws fixes away. */
  constructor(staff: string, queue: Queue, discarded: () => void) {
    this.#staff = staff;
    this.#queue = queue;
    this.#onDiscarded = discarded;
    addEventListener('online', () => this.hurry());
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.hurry(); });
  }

  /** Starts anew: counts what is stored, and sends it if this browser is their device. */
  async begin(): Promise<void> {
    this.#pace = FRESH;
    this.trouble = null;
    await this.#recount();
    this.#schedule();
  }

  /** Sends no more. What is stored stays. */
  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.queued = 0;
  }

  /** Stores a fix and sends it as soon as may be. */
  async take(fix: Fix): Promise<void> {
    if (this.#ended) return;
    try {
      await this.#queue.add(this.#staff, fix);
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
    await this.#running;
    this.hurry();
    await this.#run();
    return this.queued;
  }

  /** As which device it sends; null: as none. */
  get #device(): string | null {
    return known(this.#staff)?.device ?? null;
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#ended || this.#running || !this.#device) return;
    const wait = waitMs(this.#pace, this.queued, Date.now());
    if (wait !== null) this.#timer = setTimeout(() => void this.#run(), wait);
  }

  /** A send that is on its way is joined. */
  async #run(): Promise<void> {
    this.#running ??= this.#sendInTurn();
    await this.#running;
  }

  async #sendInTurn(): Promise<void> {
    try {
      await navigator.locks.request(LOCK, () => this.#sendAll());
    } catch {
      // The database is gone. What could not be removed is sent again, and stored once by its key.
      this.broken = true;
      this.#pace = after(this.#pace, 1, { status: 503, retryAfterS: null }, Date.now(), Math.random()).pace;
    } finally {
      this.#running = null;
    }
    this.#schedule();
  }

  /** Batch after batch, until nothing is left or a wait is due. */
  async #sendAll(): Promise<void> {
    for (;;) {
      await this.#recount();
      if (this.queued === 0) this.#endWait();
      const device = this.#device;
      if (this.#ended || !device || waitMs(this.#pace, this.queued, Date.now()) !== 0) return;
      const fixes = await this.#queue.oldest(this.#staff, this.#pace.batch);
      const outcome = await this.#send(fixes);
      const { pace, forget } = after(this.#pace, fixes.length, outcome, Date.now(), Math.random());
      if (forget) await this.#queue.remove(fixes.map((fix) => fix.key));
      // Enrolled anew meanwhile: that the old device was refused says nothing of the new one.
      if (this.#device !== device) return;
      this.#pace = pace;
      this.trouble = pace.trouble;
    }
  }

  /** Nothing waits for the server any more: another tab has sent it. */
  #endWait(): void {
    if (this.trouble !== 'offline' && this.trouble !== 'busy') return;
    this.#pace = FRESH;
    this.trouble = null;
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
    const [wrong] = reply.rejected;
    const all = reply.accepted + reply.duplicates === 0;
    this.rejected = wrong ? { code: wrong.code, all } : null;
    if (!this.rejected?.all) this.lastSent = Date.now();
    this.discarded = Object.keys(reply.discarded ?? {})[0] ?? null;
    if (this.discarded) this.#onDiscarded();
  }

  async #recount(): Promise<void> {
    try {
      this.queued = await this.#queue.count(this.#staff);
    } catch {
      this.broken = true;
    }
  }
}
