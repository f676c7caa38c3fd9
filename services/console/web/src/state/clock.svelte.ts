// The present, for ages and deadlines on the page: one timer for all of them.
import { aheadOf } from './ahead';

class Clock {
  /** By this device's clock: for what was noted here. */
  now = $state(Date.now());
  /** How far this device's clock is ahead of the server's, in milliseconds; 0 while that is not known. */
  ahead = $state(0);

  constructor() {
    setInterval(() => { this.now = Date.now(); }, 1_000);
  }

  /** By the server's clock: for what the server said. */
  get server(): number {
    return this.now - this.ahead;
  }

  /** The same to the millisecond, for those who set a timer. */
  readServer(): number {
    return Date.now() - this.ahead;
  }

  /** Compares the clock with the `Date` of an answer. */
  compare(date: string | null, askedMs: number): void {
    this.ahead = aheadOf(this.ahead, date, askedMs, Date.now());
  }
}

/** Moves on each second. */
export const clock = new Clock();
