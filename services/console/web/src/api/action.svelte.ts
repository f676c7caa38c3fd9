// One thing a user does: a form that is sent, a button that is pressed. It runs once at a time and
// keeps what went wrong.
import { asProblem, type Problem } from './problem';

/** State of an action, for its button and its form. */
export class Action {
  running = $state(false);
  problem: Problem | null = $state.raw(null);

  /** Runs it, unless it runs already. Answers whether it succeeded. */
  async run(act: () => Promise<unknown>): Promise<boolean> {
    if (this.running) return false;
    this.running = true;
    this.problem = null;
    try {
      await act();
      return true;
    } catch (thrown) {
      this.problem = asProblem(thrown);
      return false;
    } finally {
      this.running = false;
    }
  }

  /** Forgets what went wrong. */
  clear(): void {
    this.problem = null;
  }
}
