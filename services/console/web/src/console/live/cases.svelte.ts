// The cases that nobody has closed, for the map and the list. Read again every few seconds while the
// page is seen, and at once after a change made here.
import { api, body, type Schemas } from '../../api/api';
import { all } from '../../api/pager.svelte';
import { asProblem, type Problem } from '../../api/problem';

const EVERY_MS = 5_000;

/** A case of the list. */
export type ListedCase = Schemas['Page_Case']['items'][number];

class Cases {
  items: Schemas['Page_Case']['items'] = $state.raw([]);
  problem: Problem | null = $state.raw(null);
  loaded = $state(false);
  /** Whether cases are shown of which everybody is done, though nobody has closed them. */
  withDone = $state(false);
  #timer: ReturnType<typeof setInterval> | undefined;
  #users = 0;

  /** The cases that the map and the list show; the selected one is always among them. */
  shown(selected: string | null): ListedCase[] {
    return this.withDone ? this.items : this.items.filter((one) => one.state !== 'done' || one.id === selected);
  }

  /** Of how many everybody is done. */
  get done(): number {
    return this.items.filter((one) => one.state === 'done').length;
  }

  /** Keeps the list current until the answer is called. */
  keep(): () => void {
    this.#users += 1;
    if (this.#users === 1) {
      void this.refresh();
      this.#timer = setInterval(() => { if (!document.hidden) void this.refresh(); }, EVERY_MS);
    }
    return () => {
      this.#users -= 1;
      if (this.#users === 0) clearInterval(this.#timer);
    };
  }

  /** Reads the list now. */
  async refresh(): Promise<void> {
    try {
      this.items = await all((cursor) => body(api.GET('/v1/cases', { params: { query: { status: 'open', limit: 200, ...(cursor ? { cursor } : {}) } } })));
      this.problem = null;
      this.loaded = true;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }
}

/** The cases of the live page. */
export const cases = new Cases();
