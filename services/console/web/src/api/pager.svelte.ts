// A list of the API, read page by page. A newer question makes the answers to older ones void.
import { asProblem, type Problem } from './problem';

/** One page as the API sends it. */
type Page<T> = { items: T[]; next_cursor?: string | null };

/** Asks for one page. */
type Ask<T> = (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>;

/** What is read of a list so far. */
export class Pager<T> {
  items: T[] = $state.raw([]);
  loading = $state(false);
  /** Whether a first page has come. */
  loaded = $state(false);
  problem: Problem | null = $state.raw(null);
  #cursor: string | null = $state(null);
  #running: AbortController | null = null;
  #ask: Ask<T> | null = null;

  /** Whether the API has more. */
  get more(): boolean {
    return this.#cursor !== null;
  }

  /** Begins anew with another question. What is shown stays until the answer comes. */
  async start(ask: Ask<T>): Promise<void> {
    this.#ask = ask;
    await this.#read(undefined);
  }

  /** Asks the same question again, from the beginning. */
  async again(): Promise<void> {
    if (this.#ask) await this.#read(undefined);
  }

  /** Reads the next page. */
  async next(): Promise<void> {
    if (this.#cursor !== null && !this.loading) await this.#read(this.#cursor);
  }

  async #read(cursor: string | undefined): Promise<void> {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.loading = true;
    try {
      const page = await this.#ask!(cursor, running.signal);
      if (this.#running !== running) return;
      this.items = cursor === undefined ? page.items : [...this.items, ...page.items];
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
