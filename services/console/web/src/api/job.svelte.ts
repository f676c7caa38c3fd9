// Watches work in the background until it ends. Only work that the caller asked for can be watched.
import { api, body, type Schemas } from './api';
import { asProblem, type Problem } from './problem';

const EVERY_MS = 1_000;
const ENDED = ['succeeded', 'failed', 'cancelled'];

/** A job and how far it is. */
export class JobWatch {
  job: Schemas['Job'] | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Whether it has ended, well or not. */
  get ended(): boolean {
    return this.job !== null && ENDED.includes(this.job.state);
  }

  /** Reads the job again and again until it ends or `stop` is called. */
  async follow(id: string): Promise<void> {
    this.stop();
    await this.#read(id);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #read(id: string): Promise<void> {
    try {
      this.job = await body(api.GET('/v1/jobs/{id}', { params: { path: { id } } }));
      this.problem = null;
      if (!this.ended) this.#timer = setTimeout(() => void this.#read(id), EVERY_MS);
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }
}
