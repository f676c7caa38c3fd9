// One stored thing that is being edited: what is stored, what the form holds, and how the two come
// together again when somebody else changed it meanwhile.
import { Action } from '../../../api/action.svelte';
import { asProblem, Problem } from '../../../api/problem';
import { changed, rebase, type Form } from '../../merge';

/** A form with the version it was read from. */
export type Versioned<F> = { form: F; etag: string };

/** A form over a stored thing, or over a new one. */
export class Editing<F extends Form> {
  form: F = $state()!;
  /** The fields that somebody else changed too, to another value. */
  clashes: (keyof F & string)[] = $state.raw([]);
  /** Why it could not be read. */
  problem: Problem | null = $state.raw(null);
  loaded = $state(false);
  readonly saving = new Action();
  #stored: F = $state.raw()!;
  #etag = '*';
  #read: (() => Promise<Versioned<F>>) | null;

  /** `read` fetches what is stored; null: it is new, and `empty` is where the form begins. */
  constructor(empty: F, read: (() => Promise<Versioned<F>>) | null) {
    this.form = structuredClone(empty);
    this.#stored = empty;
    this.#read = read;
    this.loaded = read === null;
  }

  get isNew(): boolean {
    return this.#read === null;
  }

  /** What is stored. */
  get stored(): F {
    return this.#stored;
  }

  /** What the form changed. */
  get changes(): Partial<F> {
    return changed(this.#stored, $state.snapshot(this.form) as F);
  }

  get dirty(): boolean {
    return Object.keys(this.changes).length > 0;
  }

  /** Whether saving failed because somebody else was faster. */
  get stale(): boolean {
    return this.saving.problem?.status === 412;
  }

  /** Reads what is stored. What was typed stays, over the newer version. */
  async load(): Promise<void> {
    if (!this.#read) return;
    try {
      const { form, etag } = await this.#read();
      const result = this.loaded ? rebase(this.#stored, $state.snapshot(this.form) as F, form) : { form: structuredClone(form), clashes: [] };
      this.#stored = form;
      this.#etag = etag;
      this.form = structuredClone(result.form);
      this.clashes = result.clashes;
      this.problem = null;
      this.loaded = true;
      this.saving.clear();
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }

  /** Saves: `write` sends the changes of a stored thing, or the whole form of a new one, and answers
      what is stored then. */
  async save(write: (changes: Partial<F>, etag: string) => Promise<Versioned<F>>): Promise<boolean> {
    const sent = $state.snapshot(this.form) as F;
    return this.saving.run(async () => {
      const { form, etag } = await write(this.isNew ? sent : changed(this.#stored, sent), this.#etag).catch(besideName);
      this.take(form, etag);
    });
  }

  /** Takes what is stored now, such as after another request changed it. */
  take(form: F, etag: string): void {
    this.#stored = form;
    this.#etag = etag;
    this.form = structuredClone(form);
    this.clashes = [];
  }

  /** Throws away what was typed. */
  undo(): void {
    this.form = structuredClone(this.#stored);
    this.clashes = [];
    this.saving.clear();
  }

  get etag(): string {
    return this.#etag;
  }
}

/** Lets a name that is taken be told beside its field. */
function besideName(thrown: unknown): never {
  if (!(thrown instanceof Problem) || thrown.code !== 'name_taken') throw thrown;
  throw new Problem(thrown.status, thrown.code, thrown.detail, [{ pointer: '/name', code: thrown.code, detail: thrown.detail }], thrown.requestId);
}
