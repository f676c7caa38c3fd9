// The present, for ages and deadlines on the page: one timer for all of them.

class Clock {
  now = $state(Date.now());

  constructor() {
    setInterval(() => { this.now = Date.now(); }, 1_000);
  }
}

/** Moves on each second. */
export const clock = new Clock();
