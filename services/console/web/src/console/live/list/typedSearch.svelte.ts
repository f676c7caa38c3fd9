// Asks the server for what is typed, a moment after the last letter. Only the answer to what is
// written now counts.
import { Problem } from '../../../api/problem';

const TYPED_MS = 250;

/** A search by typing. */
export class TypedSearch<T> {
  items: T[] = $state.raw([]);
  running = $state(false);
  /** What `items` answers; empty before the first answer and for too few letters. */
  answered = $state('');
  #read: (asked: string) => Promise<T[]>;
  #letters: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = '';

  constructor(read: (asked: string) => Promise<T[]>, letters = 2) {
    this.#read = read;
    this.#letters = letters;
  }

  /** Looks for it soon; for fewer letters than it needs it finds nothing. */
  find(search: string): void {
    const asked = search.trim();
    if (asked === this.#asked) return;
    this.#asked = asked;
    clearTimeout(this.#timer);
    if (asked.length < this.#letters) {
      this.#take('', []);
      return;
    }
    this.running = true;
    this.#timer = setTimeout(() => void this.#ask(asked), TYPED_MS);
  }

  async #ask(asked: string): Promise<void> {
    try {
      const found = await this.#read(asked);
      if (this.#asked === asked) this.#take(asked, found);
    } catch (thrown) {
      // The list in view works without it.
      if (!(thrown instanceof Problem)) throw thrown;
      if (this.#asked === asked) this.#take('', []);
    }
  }

  #take(answered: string, found: T[]): void {
    this.items = found;
    this.answered = answered;
    this.running = false;
  }
}
