// The big switch: duty as the API has it, whether this browser shares its location, and what follows
// from both. Sharing is begun after the API has said so, and ended before it is asked.
import { Problem, asProblem } from '../../api/problem';
import { clock } from '../../state/clock.svelte';
import { Duty } from './duty.svelte';
import { enrol, forget, known, renew, verify } from './enrolment';
import { Locator, forgetKept } from './locator.svelte';
import { Queue } from './queue';
import { Sender } from './sender.svelte';
import { Tracking } from './tracking.svelte';

const CHOICE = 'nearhand.sharing';
/** Kept when this browser is not meant to share, as an app does it. */
const NOT_HERE = 'nearhand.not_sharing_here';
/** Until when the position was wanted when it was last known, for a page that is opened without a network. */
const WANTED = 'nearhand.wanted_until';
/** How long that holds when no end is known. */
const UNKNOWN_MS = 12 * 3_600_000;

/** Duty and sharing of the person who is logged in. */
export class Sharing {
  /** Whose they are. */
  readonly staff: string;
  /** Why duty or devices could not be read. */
  problem: Problem | null = $state.raw(null);
  /** Whether the switch shares from this browser as well; not where an app sends the location. */
  here = $state(localStorage.getItem(NOT_HERE) === null);
  /** Whether the switch was moved in this browser, so that it shares while one is on duty. */
  chosen = $state(false);
  /** Whether this browser is one of their devices. */
  enrolled = $state(false);
  readonly duty: Duty;
  readonly queue = new Queue();
  readonly sender: Sender;
  readonly locator: Locator;
  readonly tracking = new Tracking(() => this.#follow(), () => void this.#refresh());
  /** Whether this is over, or the person is logging out. */
  #ending = false;

  constructor(staff: string) {
    this.staff = staff;
    this.duty = new Duty(staff);
    // What is thrown away shows that something has changed.
    this.sender = new Sender(staff, this.queue, () => void this.#refresh());
    this.locator = new Locator(staff, (fix) => this.sender.take(fix));
    this.chosen = localStorage.getItem(CHOICE) === staff;
    this.enrolled = known(staff) !== null;
    // What is left of the last time is sent before anything else is known.
    void this.sender.begin();
    if (this.enrolled) void renew();
    document.addEventListener('visibilitychange', this.#onSeen);
    addEventListener('online', this.#onSeen);
    addEventListener('storage', this.#onStored);
    void this.load();
  }

  /** Whether the position is watched, here or in another tab, whatever comes of it. */
  get running(): boolean {
    return this.locator.state !== 'off';
  }

  /** Whether the switch is on. On duty without sharing from here is on only if that was chosen. */
  get on(): boolean {
    const duty = this.duty.now;
    // What runs can be stopped, also while nobody knows about duty.
    if (!duty) return this.running;
    if (this.duty.byHours) return this.chosen;
    return duty.on_duty && !this.duty.unsaid && (this.chosen || !this.here);
  }

  async load(): Promise<void> {
    await this.#read(() => Promise.all([this.#readDuty(), this.#checkDevice()]));
  }

  /** Moves the switch: on duty, and shared from here where that is meant. */
  async turnOn(): Promise<void> {
    const share = this.duty.byHours || this.here;
    if (share) await this.#enrol();
    await this.duty.set(true);
    this.#choose(share);
  }

  /** Stops sharing at once, also without a network, and then goes off duty. */
  async turnOff(): Promise<void> {
    const shared = this.chosen;
    this.#choose(false);
    await (shared ? this.duty.goOff() : this.duty.set(false));
  }

  /** Whether the switch shares from this browser. If it is on, that takes effect at once. */
  async shareHere(wanted: boolean): Promise<void> {
    const isOn = this.on;
    if (isOn && wanted) await this.#enrol();
    this.here = wanted;
    if (wanted) localStorage.removeItem(NOT_HERE);
    else localStorage.setItem(NOT_HERE, '');
    if (isOn) this.#choose(wanted);
  }

  /** Makes this browser a device again, after its enrolment was revoked. */
  async enrolAgain(): Promise<void> {
    await this.#enrol();
    this.#follow();
  }

  /** Sends and tells what it can, and logs out. `logOut` is given what forgets all that is stored here: until it
      has succeeded everything stays, and if it fails sharing goes on. */
  async leave(logOut: (forget: () => Promise<void>) => Promise<void>): Promise<void> {
    this.#ending = true;
    this.#follow();
    try {
      await this.sender.flush();
      await this.duty.tellOff().catch(() => undefined);
      await logOut(() => this.#forget());
    } catch (thrown) {
      this.#ending = false;
      this.#follow();
      throw thrown;
    }
  }

  /** Ends what runs, when another person logs in. */
  close(): void {
    this.#ending = true;
    document.removeEventListener('visibilitychange', this.#onSeen);
    removeEventListener('online', this.#onSeen);
    removeEventListener('storage', this.#onStored);
    this.locator.stop();
    this.tracking.close();
    this.sender.end();
  }

  #onSeen = (): void => {
    if (!document.hidden) void this.load();
  };

  /** The switch was moved in another tab. */
  #onStored = ({ key, newValue }: StorageEvent): void => {
    if (key !== CHOICE) return;
    this.chosen = newValue === this.staff;
    this.#follow();
  };

  async #forget(): Promise<void> {
    this.close();
    this.#choose(false);
    localStorage.removeItem(WANTED);
    this.duty.forgetUnsaid();
    forgetKept();
    forget();
    await this.queue.clear(this.staff).catch(() => undefined);
  }

  /** Reads what an admin may have changed. */
  async #refresh(): Promise<void> {
    await this.#read(() => this.#readDuty());
  }

  async #read(ask: () => Promise<unknown>): Promise<void> {
    try {
      await ask();
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
    this.#follow();
  }

  async #readDuty(): Promise<void> {
    await Promise.all([this.duty.load(), this.tracking.load()]);
    await this.duty.tellOff();
  }

  async #enrol(): Promise<void> {
    try {
      await enrol(this.staff);
    } finally {
      this.enrolled = known(this.staff) !== null;
    }
    // So that the browser does not throw the stored fixes away when it is short of space.
    void navigator.storage?.persist?.().catch(() => false);
    await this.sender.begin();
  }

  /** Revoked elsewhere, or never enrolled in this browser: said by the API. */
  async #checkDevice(): Promise<void> {
    const before = known(this.staff);
    if (!before && !this.chosen) return;
    const enrolment = await verify(this.staff);
    this.enrolled = enrolment !== null;
    if (enrolment && enrolment.device !== before?.device) await this.sender.begin();
  }

  #choose(share: boolean): void {
    this.chosen = share;
    if (share) localStorage.setItem(CHOICE, this.staff);
    else localStorage.removeItem(CHOICE);
    this.#follow();
  }

  /** Watches the position exactly while it is wanted. */
  #follow(): void {
    if (this.#isWanted()) this.locator.start();
    else this.locator.stop();
  }

  #isWanted(): boolean {
    if (!this.chosen || !this.enrolled || this.#ending) return false;
    const [duty, tracking] = [this.duty.now, this.tracking.now];
    // Without a network what was last known counts. The API throws away what is not wanted after all.
    if (!duty || !tracking) return clock.readServer() < Number(localStorage.getItem(WANTED) ?? 0);
    const now = tracking.wanted && (this.duty.byHours || duty.on_duty);
    const until = tracking.changes_at ? Date.parse(tracking.changes_at) : clock.readServer() + UNKNOWN_MS;
    if (now) localStorage.setItem(WANTED, String(until));
    else localStorage.removeItem(WANTED);
    return now;
  }
}
