// Watches work in the background: asks for its state each second until it has ended.
import { api, body, type Schemas } from '../../../api/api';
import { asProblem, type Problem } from '../../../api/problem';

const EVERY_MS = 1_000;
const ENDED = ['succeeded', 'failed', 'cancelled'];

/** One job on its way. `close` it when its page goes. */
export class JobWatch {
  job: Schemas['Job'] | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  #id: string;
  #ended: (job: Schemas['Job']) => void;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** Calls `ended` once, when the job has ended. */
  constructor(id: string, ended: (job: Schemas['Job']) => void) {
    this.#id = id;
    this.#ended = ended;
    void this.refresh();
  }

  /** Whether it is neither done nor given up. */
  get running(): boolean {
    return !this.job || !ENDED.includes(this.job.state);
  }

  /** Asks now, and goes on asking. After a failure the reader asks again. */
  async refresh(): Promise<void> {
    clearTimeout(this.#timer);
    try {
      this.job = await body(api.GET('/v1/jobs/{id}', { params: { path: { id: this.#id } } }));
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
      return;
    }
    if (this.#closed) return;
    if (this.running) this.#timer = setTimeout(() => void this.refresh(), EVERY_MS);
    else this.#ended(this.job);
  }

  /** Asks the job to stop after its present step. */
  async cancel(): Promise<void> {
    this.job = await body(api.POST('/v1/jobs/{id}/cancel', { params: { path: { id: this.#id } } }));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }
}
