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
  #turn = 0;
  #closed = false;
  #staff: string;

  constructor(staff: string) {
    this.#staff = staff;
    void this.follow();
  }

  /** Asks no more. */
  close(): void {
    this.#closed = true;
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

  /** Asks how far it is, until it has ended. Only the answer to the last question counts. */
  async follow(): Promise<void> {
    const turn = ++this.#turn;
    clearTimeout(this.#timer);
    const id = this.#kept();
    if (!id || this.#closed) return;
    try {
      const { file, job } = await read(id);
      if (this.#isVoid(turn)) return;
      this.file = file;
      this.job = job;
      this.problem = null;
    } catch (thrown) {
      if (this.#isVoid(turn)) return;
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

  #isVoid(turn: number): boolean {
    return this.#closed || turn !== this.#turn;
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
    this.#turn += 1;
    clearTimeout(this.#timer);
    localStorage.removeItem(KEY);
    this.file = null;
    this.job = null;
  }
}

/** The export and the job that makes it. */
async function read(id: string): Promise<{ file: Schemas['Export']; job: Schemas['Job'] | null }> {
  const file = await body(api.GET('/v1/me/data-exports/{export_id}', { params: { path: { export_id: id } } }));
  const job = file.job_id ? await body(api.GET('/v1/jobs/{id}', { params: { path: { id: file.job_id } } })) : null;
  return { file, job };
}
