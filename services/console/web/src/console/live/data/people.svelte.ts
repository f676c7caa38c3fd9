// Who is shown: people with a live fix from the stream, and those without one from the list of homes.
// Changes reach the map and the list together, at most four times a second.
import { EventBatch } from './eventBatch';
import { arrived, type LivePosition, type Person } from './person';

const EVERY_MS = 250;

/** What one drawing changes. */
export type PeopleChange = { set: Person[]; removed: string[] };

type Listener = (change: PeopleChange) => void;

/** The people of one viewport. */
export class People {
  /** Raised by every change. The people themselves are too many to be watched one by one. */
  version = $state(0);
  /** Raised when somebody comes or goes. */
  membership = $state(0);
  /** When the newest event came. */
  newestMs: number | null = $state(null);
  #live = new Map<string, Person>();
  #homes = new Map<string, Person>();
  #batch = new EventBatch<Person>();
  #nextHomes: Person[] | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #listeners = new Set<Listener>();

  /** A person; reading `version` first makes the reader follow changes. */
  get(id: string): Person | undefined {
    return this.#live.get(id) ?? this.#homes.get(id);
  }

  /** Everybody: first those with a live fix. */
  *all(): Generator<Person> {
    yield* this.#live.values();
    yield* this.#homes.values();
  }

  get size(): number {
    return this.#live.size + this.#homes.size;
  }

  /** Calls something with each change, beginning with everybody there is. */
  listen(listener: Listener): () => void {
    listener({ set: [...this.all()], removed: [] });
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onSnapshot(items: LivePosition[]): void {
    const now = Date.now();
    this.#batch.snapshot(items.map((item) => arrived(item, now, this.#live.get(item.staff_id))));
    this.#soon();
  }

  onPosition(item: LivePosition): void {
    this.#batch.position(arrived(item, Date.now(), this.#live.get(item.staff_id)));
    this.#soon();
  }

  onGone(id: string): void {
    this.#batch.vanished(id);
    this.#soon();
  }

  /** People without a live fix, in place of those before. */
  setHomes(items: LivePosition[]): void {
    const now = Date.now();
    this.#nextHomes = items.map((item) => arrived(item, now));
    this.#soon();
  }

  /** Nobody, at once: another viewport, or nobody logged in. */
  clear(): void {
    this.#batch.snapshot([]);
    this.#nextHomes = [];
    this.#apply();
    this.newestMs = null;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#listeners.clear();
  }

  #soon(): void {
    this.newestMs = Date.now();
    this.#timer ??= setTimeout(() => this.#apply(), EVERY_MS);
  }

  #apply(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const touched = new Set<string>();
    const before = this.size;
    const collected = this.#batch.take();
    if (collected.reset) {
      for (const id of this.#live.keys()) if (!collected.set.has(id)) this.#drop(this.#live, id, touched);
    }
    for (const id of collected.gone) this.#drop(this.#live, id, touched);
    let joined = this.#applyHomes(touched);
    for (const [id, person] of collected.set) {
      joined ||= !this.get(id);
      // Who has become live is no longer at home.
      this.#homes.delete(id);
      this.#live.set(id, person);
      touched.add(id);
    }
    if (touched.size > 0) this.#tell(touched, joined || before !== this.size);
  }

  #applyHomes(touched: Set<string>): boolean {
    const homes = this.#nextHomes;
    if (!homes) return false;
    this.#nextHomes = null;
    const ids = new Set(homes.map((person) => person.staff_id));
    for (const id of this.#homes.keys()) if (!ids.has(id)) this.#drop(this.#homes, id, touched);
    let joined = false;
    for (const person of homes) {
      if (this.#live.has(person.staff_id)) continue;
      joined ||= !this.#homes.has(person.staff_id);
      this.#homes.set(person.staff_id, person);
      touched.add(person.staff_id);
    }
    return joined;
  }

  #drop(from: Map<string, Person>, id: string, touched: Set<string>): void {
    if (from.delete(id)) touched.add(id);
  }

  #tell(touched: Set<string>, membersChanged: boolean): void {
    const change: PeopleChange = { set: [], removed: [] };
    for (const id of touched) {
      const person = this.get(id);
      if (person) change.set.push(person);
      else change.removed.push(id);
    }
    this.version += 1;
    if (membersChanged || change.removed.length > 0) this.membership += 1;
    for (const listener of this.#listeners) listener(change);
  }
}
