// Duty as the API has it, and how it is changed. Going off duty is kept until the API knows it, also
// while there is no network.
import { api, body, versioned, type Schemas } from '../../api/api';
import { Problem } from '../../api/problem';

const UNSAID = 'nearhand.off_duty_unsaid';
/** What is older is not told any more, since a new duty may have begun. */
const TOO_LATE_MS = 12 * 3_600_000;

/** The person's duty. */
export class Duty {
  now: Schemas['Duty'] | null = $state.raw(null);
  /** Whether they went off duty here and the API does not know it yet. */
  unsaid = $state(false);
  #staff: string;
  #etag = '*';
  /** Each question and each change has a number. What is shown is the answer to `#counted`. */
  #turn = 0;
  #counted = 0;
  #lastChange: Promise<void> = Promise.resolve();
  #telling = false;

  constructor(staff: string) {
    this.#staff = staff;
    this.unsaid = isUnsaid(staff);
  }

  /** Whether the person's working hours decide, so that they cannot. */
  get byHours(): boolean {
    return this.now?.decided_by === 'working_hours';
  }

  async load(): Promise<void> {
    const turn = ++this.#turn;
    this.#count(turn, await versioned(api.GET('/v1/me/duty')));
  }

  /** Changes it, after the changes that are on their way. What working hours decide stays as it is. */
  set(on: boolean): Promise<void> {
    // What is told late must not undo this.
    this.forgetUnsaid();
    return this.#change(on);
  }

  /** Goes off duty. If the API cannot be told now, that is no failure: `tellOff` tries again. */
  async goOff(): Promise<void> {
    if (this.byHours) return;
    localStorage.setItem(UNSAID, JSON.stringify({ staff: this.#staff, at: Date.now() }));
    this.unsaid = true;
    await this.tellOff();
  }

  /** Tells the API what it could not be told. */
  async tellOff(): Promise<void> {
    this.unsaid = isUnsaid(this.#staff);
    if (!this.unsaid || this.#telling) return;
    this.#telling = true;
    try {
      // Another tab may have logged another person in, whose duty this is not.
      if (!await isLoggedIn(this.#staff)) return;
      await this.#change(false);
      this.forgetUnsaid();
    } catch (thrown) {
      if (mayPass(thrown)) return;
      this.forgetUnsaid();
      throw thrown;
    } finally {
      this.#telling = false;
    }
  }

  /** Leaves it untold. */
  forgetUnsaid(): void {
    localStorage.removeItem(UNSAID);
    this.unsaid = false;
  }

  #change(on: boolean): Promise<void> {
    const done = this.#lastChange.then(() => this.#changeNow(on));
    this.#lastChange = done.catch(() => undefined);
    return done;
  }

  async #changeNow(on: boolean): Promise<void> {
    if (!this.now) await this.load();
    if (this.byHours) return;
    try {
      await this.#put(on);
    } catch (thrown) {
      // The version is the whole person's: somebody may have changed another field of them.
      if (!(thrown instanceof Problem) || thrown.status !== 412) throw thrown;
      await this.load();
      if (!this.byHours) await this.#put(on);
    }
  }

  async #put(on_duty: boolean): Promise<void> {
    const answer = await versioned(api.PUT('/v1/me/duty', { params: { header: { 'if-match': this.#etag } }, body: { on_duty } }));
    // Whatever was asked before this moment may be older.
    this.#count(++this.#turn, answer);
  }

  /** Takes an answer, unless that to a later question has come. */
  #count(turn: number, { value, etag }: { value: Schemas['Duty']; etag: string }): void {
    if (turn < this.#counted) return;
    this.#counted = turn;
    this.now = value;
    this.#etag = etag;
  }
}

async function isLoggedIn(staff: string): Promise<boolean> {
  return (await body(api.GET('/v1/me'))).staff.id === staff;
}

/** Whether this person went off duty without telling the API, not too long ago. */
function isUnsaid(staff: string): boolean {
  try {
    const kept = JSON.parse(localStorage.getItem(UNSAID) ?? 'null') as { staff: string; at: number } | null;
    return kept?.staff === staff && Date.now() - kept.at < TOO_LATE_MS;
  } catch {
    return false;
  }
}

/** Whether a later try may succeed: no answer, a session that has ended, a change by others, or a busy server. */
function mayPass(thrown: unknown): boolean {
  return thrown instanceof Problem && (thrown.status >= 500 || [0, 401, 412, 429].includes(thrown.status));
}
