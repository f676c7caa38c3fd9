// Whether something was typed on the page and not saved, so that nobody leaves it by accident.

/** What a form tells of itself. */
type Form = {
  /** Whether anything was typed that is not saved. */
  dirty: () => boolean;
  /** Ends when what is being saved is saved, or refused. */
  settled: () => Promise<unknown>;
};

class Unsaved {
  #forms = new Set<Form>();

  /** Watches a form until the answer is called. */
  watch(form: Form): () => void {
    this.#forms.add(form);
    return () => this.#forms.delete(form);
  }

  /** Whether any form was changed. */
  get any(): boolean {
    return [...this.#forms].some((form) => form.dirty());
  }

  /** Ends when all that is being saved is saved, or refused. */
  async settled(): Promise<void> {
    await Promise.all([...this.#forms].map((form) => form.settled()));
  }

  /** Gives up what was typed. */
  forget(): void {
    this.#forms.clear();
  }
}

/** What is not saved on this page. */
export const unsaved = new Unsaved();
