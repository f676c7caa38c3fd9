// What is typed into a form of a person, beside what is stored.
import { changed, rebase, same, type Form } from '../../merge';

/** The typed fields of one form. */
export class Draft<T extends Form> {
  value: T = $state()!;
  #base: T = $state.raw()!;

  constructor(stored: T) {
    this.value = stored;
    this.#base = stored;
  }

  /** What differs from what is stored. */
  get changes(): Partial<T> {
    return changed(this.#base, $state.snapshot(this.value) as T);
  }

  /** Whether anything differs. */
  get dirty(): boolean {
    return Object.keys(this.changes).length > 0;
  }

  /** Takes in what is stored now. What was typed stays. */
  rebase(stored: T): void {
    const typed = $state.snapshot(this.value) as T;
    const next = rebase(this.#base, typed, stored).form;
    if (!same(typed, next)) this.value = next;
    if (!same(this.#base, stored)) this.#base = stored;
  }

  /** Shows what is stored now, after it was saved as it was typed. */
  adopt(stored: T): void {
    this.#base = stored;
    this.value = stored;
  }

  /** Throws away what was typed. */
  reset(): void {
    this.value = this.#base;
  }
}
