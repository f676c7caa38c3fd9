// Whether something was typed on the page and not saved, so that nobody leaves it by accident.

class Unsaved {
  #forms = new Set<() => boolean>();
  /** Waits for an answer when somebody wants to leave. */
  asking: ((leave: boolean) => void) | null = $state.raw(null);

  /** Watches a form until the answer is called. */
  watch(dirty: () => boolean): () => void {
    this.#forms.add(dirty);
    return () => this.#forms.delete(dirty);
  }

  /** Whether any form was changed. */
  get any(): boolean {
    return [...this.#forms].some((dirty) => dirty());
  }

  /** Asks whether to leave, if anything would be lost. */
  async mayLeave(): Promise<boolean> {
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
