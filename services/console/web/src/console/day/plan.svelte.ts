// The plan of the day that is shown: people page by page, and the cases that wait for somebody. Read
// again every half minute while the page is seen, and at once after a change made here.
import { asProblem, type Problem } from '../../api/problem';
import type { Schemas } from '../../api/api';
import { conflictsOf } from './conflicts';
import { readPlan, readUnassigned, type Question } from './schedule';
import type { Booking, Conflict, PersonDay } from './types';

const EVERY_MS = 30_000;

/** An assignment with what speaks against it. */
export type InConflict = { person: PersonDay; booking: Booking; conflicts: Conflict[] };

/** A day's plan as far as it is read. */
export class Plan {
  people: PersonDay[] = $state.raw([]);
  waiting: Schemas['Page_Case']['items'] = $state.raw([]);
  loading = $state(false);
  loaded = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** Whether what is shown answers an older question. */
  older = $state(false);
  #next = $state<string | null>(null);
  #pages = 1;
  #question: (Question & { soon: boolean }) | null = null;
  #running: AbortController | null = null;

  /** What speaks against whom, person by person. */
  conflicts: InConflict[] = $derived(this.people.flatMap((person) => person.bookings
    .map((booking) => ({ person, booking, conflicts: conflictsOf(booking, person) }))
    .filter((one) => one.conflicts.length > 0)));

  /** The same by assignment. */
  against: Map<string, Conflict[]> = $derived(new Map(this.conflicts.map((one) => [one.booking.id, one.conflicts])));

  /** Whether there are more people. */
  get more(): boolean {
    return this.#next !== null;
  }

  /** Asks for another day or other people. With `soon` cases without a start wait on that day. */
  async start(question: Question & { soon: boolean }): Promise<void> {
    // Another day's plan must not stand under this day's date.
    if (this.#question?.span.from !== question.span.from) this.loaded = false;
    this.#question = question;
    this.#pages = 1;
    this.older = true;
    await this.refresh();
  }

  /** Reads again what is shown. */
  async refresh(): Promise<void> {
    const question = this.#question;
    if (!question) return;
    await this.#read(async (signal) => {
      const waiting = readUnassigned(question.span, question.soon, signal);
      // What fails first is reported; the other must not be left unheard.
      waiting.catch(() => undefined);
      const people: PersonDay[] = [];
      let next: string | null = null;
      for (let page = 0; page < this.#pages && (page === 0 || next !== null); page += 1) {
        const read = await readPlan(question, next, signal);
        people.push(...read.people);
        next = read.next;
      }
      return { people, next, waiting: await waiting };
    });
  }

  /** Reads the next page of people. */
  async readMore(): Promise<void> {
    const question = this.#question;
    if (!question || this.#next === null || this.loading) return;
    const cursor = this.#next;
    await this.#read(async (signal) => {
      const { people, next } = await readPlan(question, cursor, signal);
      this.#pages += 1;
      return { people: [...this.people, ...people], next, waiting: this.waiting };
    });
  }

  /** Keeps the plan current until the answer is called. */
  keep(): () => void {
    const timer = setInterval(() => { if (!document.hidden && !this.loading) void this.refresh(); }, EVERY_MS);
    return () => {
      clearInterval(timer);
      this.#running?.abort();
    };
  }

  async #read(read: (signal: AbortSignal) => Promise<{ people: PersonDay[]; next: string | null; waiting: Schemas['Page_Case']['items'] }>): Promise<void> {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.loading = true;
    try {
      const found = await read(running.signal);
      if (this.#running !== running) return;
      ({ people: this.people, next: this.#next, waiting: this.waiting } = found);
      this.problem = null;
      this.loaded = true;
      this.older = false;
    } catch (thrown) {
      if (this.#running !== running || running.signal.aborted) return;
      this.problem = asProblem(thrown);
    } finally {
      if (this.#running === running) this.loading = false;
    }
  }
}
