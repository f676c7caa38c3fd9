// Collects the events of a stream between two drawings. The newest event of a person counts. Pure.

/** What came since the last drawing. */
export type Collected<P> = {
  /** Whether everybody who is not in `set` is gone. */
  reset: boolean;
  set: Map<string, P>;
  gone: Set<string>;
};

/** Events of `snapshot`, `position` and `gone`, in the order in which they come. */
export class EventBatch<P extends { staff_id: string }> {
  #reset = false;
  #set = new Map<string, P>();
  #gone = new Set<string>();

  get isEmpty(): boolean {
    return !this.#reset && this.#set.size === 0 && this.#gone.size === 0;
  }

  /** These people and no others. */
  snapshot(people: P[]): void {
    this.#reset = true;
    this.#set = new Map(people.map((person) => [person.staff_id, person]));
    this.#gone.clear();
  }

  /** Somebody appeared or moved. */
  position(person: P): void {
    this.#gone.delete(person.staff_id);
    this.#set.set(person.staff_id, person);
  }

  /** Somebody vanished. */
  vanished(id: string): void {
    this.#set.delete(id);
    this.#gone.add(id);
  }

  /** Hands over what came, and begins anew. */
  take(): Collected<P> {
    const collected = { reset: this.#reset, set: this.#set, gone: this.#gone };
    this.#reset = false;
    this.#set = new Map();
    this.#gone = new Set();
    return collected;
  }
}
