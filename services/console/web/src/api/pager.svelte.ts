// A list of the API, read page by page. A newer question makes the answers to older ones void.
import { asProblem, type Problem } from './problem';

/** One page as the API sends it. */
type Page<T> = { items: T[]; next_cursor?: string | null };

/** Asks for one page. */
type Ask<T> = (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>;

/** How many items are read again at most; those beyond come by `next`. */
const MOST_AGAIN = 1_000;

/** What is read of a list so far. */
export class Pager<T> {
  items: T[] = $state.raw([]);
  loading = $state(false);
  /** Whether a first page has come. */
  loaded = $state(false);
  problem: Problem | null = $state.raw(null);
  #cursor: string | null = $state(null);
  #running: AbortController | null = null;
  /** How many items of the present question were read. */
  #held = 0;
  #ask: Ask<T> | null = null;

  /** Whether the API has more. */
  get more(): boolean {
    return this.#cursor !== null;
  }

  /** Begins anew with another question. What is shown stays until the answer comes. */
  async start(ask: Ask<T>): Promise<void> {
    this.#ask = ask;
    this.#held = 0;
    await this.again();
  }

  /** Asks the same question again, for as much as was read of it, so that nobody loses their place. */
  async again(): Promise<void> {
    const wanted = Math.min(this.#held, MOST_AGAIN);
    if (this.#ask) await this.#run((signal) => this.#read([], undefined, wanted, signal));
  }

  /** Reads the next page. */
  async next(): Promise<void> {
    const cursor = this.#cursor;
    if (cursor !== null && !this.loading) await this.#run((signal) => this.#read(this.items, cursor, 0, signal));
  }

  /** Reads one page after the items before it, and more until there are as many as wanted. */
  async #read(before: T[], cursor: string | undefined, wanted: number, signal: AbortSignal): Promise<Page<T>> {
    const page = await this.#ask!(cursor, signal);
    const items = [...before, ...page.items];
    if (!page.next_cursor || items.length >= wanted) return { ...page, items };
    return this.#read(items, page.next_cursor, wanted, signal);
  }

  async #run(read: (signal: AbortSignal) => Promise<Page<T>>): Promise<void> {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.loading = true;
    try {
      const page = await read(running.signal);
      if (this.#running !== running) return;
      this.items = page.items;
      this.#held = page.items.length;
      this.#cursor = page.next_cursor ?? null;
      this.problem = null;
      this.loaded = true;
    } catch (thrown) {
      if (this.#running !== running) return;
      this.problem = asProblem(thrown);
    } finally {
      if (this.#running === running) this.loading = false;
    }
  }
}

/** All items of a list that is known to be short, at most `limit`. */
export async function all<T>(ask: (cursor: string | undefined) => Promise<Page<T>>, limit = 5_000): Promise<T[]> {
  const items: T[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask(cursor);
    items.push(...page.items);
    cursor = page.next_cursor ?? undefined;
  } while (cursor !== undefined && items.length < limit);
  return items;
}
