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
  /** Waits for an answer when somebody wants to leave. */
  asking: ((leave: boolean) => void) | null = $state.raw(null);

  /** Watches a form until the answer is called. */
  watch(form: Form): () => void {
    this.#forms.add(form);
    return () => this.#forms.delete(form);
  }

  /** Whether any form was changed. */
  get any(): boolean {
    return [...this.#forms].some((form) => form.dirty());
  }

  /** Asks whether to leave, if anything would be lost. */
  async mayLeave(): Promise<boolean> {
    await Promise.all([...this.#forms].map((form) => form.settled()));
    if (!this.any) return true;
    return new Promise((answer) => { this.asking = answer; });
  }

  /** Answers what was asked. */
  answer(leave: boolean): void {
    const asked = this.asking;
    this.asking = null;
    if (leave) this.#forms.clear();
    asked?.(leave);
  }
}

/** What is not saved on this page. */
export const unsaved = new Unsaved();
