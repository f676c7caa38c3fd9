// The export of one's own data: asked for, made by a job, fetched as a file. Which one it is stays in
// this browser, so that a page that is opened again goes on waiting for it.
import { api, body, type Schemas } from '../../api/api';
import { Problem, asProblem } from '../../api/problem';

const KEY = 'nearhand.export';
const ASK_EVERY_MS = 1_500;

/** How far it has come. */
export class OwnExport {
  job: Schemas['Job'] | null = $state.raw(null);
  file: Schemas['Export'] | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  /** It was there and has expired. */
  gone = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #staff: string;

  constructor(staff: string) {
    this.#staff = staff;
    void this.follow();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  async start(): Promise<void> {
    const { id } = await body(api.POST('/v1/me/data-export'));
    localStorage.setItem(KEY, JSON.stringify({ staff: this.#staff, id }));
    this.gone = false;
    await this.follow();
  }

  async remove(): Promise<void> {
    const id = this.#kept();
    if (id) await api.DELETE('/v1/me/data-exports/{export_id}', { params: { path: { export_id: id } } });
    this.#forget();
  }

  /** Asks how far it is, until it has ended. */
  async follow(): Promise<void> {
    clearTimeout(this.#timer);
    const id = this.#kept();
    if (!id) return;
    try {
      this.file = await body(api.GET('/v1/me/data-exports/{export_id}', { params: { path: { export_id: id } } }));
      const job = this.file.job_id;
      this.job = job ? await body(api.GET('/v1/jobs/{id}', { params: { path: { id: job } } })) : null;
      this.problem = null;
    } catch (thrown) {
      const problem = asProblem(thrown);
      if (problem.status === 404) {
        this.#forget();
        this.gone = true;
        return;
      }
      this.problem = problem;
    }
    if (this.running) this.#timer = setTimeout(() => void this.follow(), ASK_EVERY_MS);
  }

  /** Whether it is being made. */
  get running(): boolean {
    return this.file !== null && !this.file.ready && !this.failed;
  }

  get failed(): boolean {
    return this.job?.state === 'failed' || this.job?.state === 'cancelled';
  }

  #kept(): string | null {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as { staff: string; id: string } | null;
      return kept?.staff === this.#staff ? kept.id : null;
    } catch {
      return null;
    }
  }

  #forget(): void {
    localStorage.removeItem(KEY);
    this.file = null;
    this.job = null;
  }
}
