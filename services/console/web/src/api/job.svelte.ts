// Watches work in the background until it ends. Only work that the caller asked for can be watched.
import { api, body, type Schemas } from './api';
import { asProblem, type Problem } from './problem';

const EVERY_MS = 1_000;
/** How long to wait when the API could not be asked, which may pass. */
const AFTER_FAILURE_MS = 5_000;
const ENDED = ['succeeded', 'failed', 'cancelled'];

/** A job and how far it is. */
export class JobWatch {
  job: Schemas['Job'] | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #following: string | null = null;

  /** Whether it has ended, well or not. */
  get ended(): boolean {
    return this.job !== null && ENDED.includes(this.job.state);
  }

  /** Reads the job again and again until it ends or `stop` is called. */
  async follow(id: string): Promise<void> {
    this.stop();
    this.#following = id;
    await this.#read(id);
  }

  stop(): void {
    this.#following = null;
    clearTimeout(this.#timer);
  }

  async #read(id: string): Promise<void> {
    let wait: number | null = EVERY_MS;
    try {
      const job = await body(api.GET('/v1/jobs/{id}', { params: { path: { id } } }));
      if (this.#following !== id) return;
      this.job = job;
      this.problem = null;
      if (this.ended) wait = null;
    } catch (thrown) {
      if (this.#following !== id) return;
      this.problem = asProblem(thrown);
      const passes = this.problem.status === 0 || this.problem.status === 429 || this.problem.status >= 500;
      wait = passes ? AFTER_FAILURE_MS : null;
    }
    if (wait !== null) this.#timer = setTimeout(() => void this.#read(id), wait);
  }
}
