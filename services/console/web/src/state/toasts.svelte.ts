// Short messages that something was done. Errors are shown where they happen, never here.

/** A message on its way out. */
export type Toast = { id: number; text: string };
const SHOWN_MS = 6_000;

class Toasts {
  list: Toast[] = $state([]);
  #next = 0;

  /** Shows a message for some seconds. Screen readers read it. */
  say(text: string): void {
    const id = this.#next++;
    this.list.push({ id, text });
    setTimeout(() => this.close(id), SHOWN_MS);
  }

  close(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }
}

/** The messages of this page. */
export const toasts = new Toasts();
