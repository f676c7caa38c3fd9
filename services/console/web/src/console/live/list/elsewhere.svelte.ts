// People by name who are not on this part of the map.
import { api, body, type Schemas } from '../../../api/api';
import { Problem } from '../../../api/problem';
import { session } from '../../../state/session.svelte';

const TYPED_MS = 250;
const MOST = 8;

/** Somebody found by name. */
export type Elsewhere = Schemas['Page_Staff']['items'][number];

/** A search over everybody the reader may see. */
export class ElsewhereSearch {
  items: Elsewhere[] = $state.raw([]);
  running = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = '';

  /** Looks for a name soon; for less than two letters it finds nobody. */
  find(search: string): void {
    const asked = search.trim();
    if (asked === this.#asked) return;
    this.#asked = asked;
    clearTimeout(this.#timer);
    if (asked.length < 2 || !session.may('staff:view')) {
      this.items = [];
      this.running = false;
      return;
    }
    this.running = true;
    this.#timer = setTimeout(() => void this.#read(asked), TYPED_MS);
  }

  async #read(asked: string): Promise<void> {
    try {
      const page = await body(api.GET('/v1/staff', { params: { query: { q: asked, active: true, limit: MOST } } }));
      if (this.#asked === asked) this.items = page.items;
    } catch (thrown) {
      // The list in view works without it.
      if (!(thrown instanceof Problem)) throw thrown;
      if (this.#asked === asked) this.items = [];
    } finally {
      if (this.#asked === asked) this.running = false;
    }
  }
}
