// The browser's position, watched while it is wanted and the page is seen: a browser tells a hidden
// page nothing. One tab watches at a time.
import { STILL_EVERY_MS, fixOf, judge, type Fix, type Power, type Reading } from './fix';
import { ScreenLock } from './screenlock.svelte';

const LOCK = 'nearhand-phone-watch';
const KEPT = 'nearhand.last_fix';
/** A position that is older is not "shared" any more. */
const STALE_MS = 2 * STILL_EVERY_MS;
const OPTIONS: PositionOptions = { enableHighAccuracy: true, maximumAge: 0, timeout: 60_000 };

/** `off`; `hidden`: the page is not seen; `elsewhere`: another tab watches; `seeking`: no position yet; `good`; `wide`: too imprecise to be sent; `denied`; `unavailable`: the phone finds no position; `insecure`: the page is not served over HTTPS. */
export type LocatorState = 'off' | 'hidden' | 'elsewhere' | 'seeking' | 'good' | 'wide' | 'denied' | 'unavailable' | 'insecure';

/** States in which nothing can be shared. */
export const FAILED: LocatorState[] = ['wide', 'denied', 'unavailable', 'insecure'];

/** Watches the position and hands over what is worth keeping. */
export class Locator {
  state: LocatorState = $state('off');
  /** When the last position that may be used was taken, in milliseconds, and its radius. */
  last: { at: number; accuracy: number } | null = $state.raw(null);
  /** The radius of the last position that was too wide. */
  wide = $state(0);
  readonly screen = new ScreenLock();
  #staff: string;
  #take: (fix: Fix) => Promise<void>;
  #kept: Fix | null = null;
  #wanted = false;
  #watch: number | null = null;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #release: (() => void) | null = null;
  #asked: AbortController | null = null;
  #power: Power | null = null;

  constructor(staff: string, take: (fix: Fix) => Promise<void>) {
    this.#staff = staff;
    this.#take = take;
    this.#followPermission();
    void this.#followPower();
  }

  /** Watches from now on while the page is seen and no other tab watches. */
  start(): void {
    if (this.#wanted) return;
    if (!isSecureContext || !navigator.geolocation) {
      this.state = 'insecure';
      return;
    }
    this.#wanted = true;
    document.addEventListener('visibilitychange', this.#follow);
    this.#follow();
  }

  /** Watches no more. */
  stop(): void {
    this.#wanted = false;
    document.removeEventListener('visibilitychange', this.#follow);
    this.#letGo();
    this.state = 'off';
  }

  /** Leaves the position to a tab that is seen, and takes it back when this one is. */
  #follow = (): void => {
    if (!this.#wanted) return;
    if (document.hidden) {
      this.#letGo();
      this.state = 'hidden';
    } else if (!this.#asked) {
      this.#askForTurn();
    }
  };

  #askForTurn(): void {
    const asked = new AbortController();
    this.#asked = asked;
    this.state = 'elsewhere';
    const hold = () => new Promise<void>((release) => {
      if (asked.signal.aborted) return release();
      this.#release = release;
      this.#begin();
    });
    navigator.locks.request(LOCK, { signal: asked.signal }, hold).catch(() => undefined);
  }

  #letGo(): void {
    this.#asked?.abort();
    this.#asked = null;
    this.#endWatch();
    this.#release?.();
    this.#release = null;
    this.screen.release();
  }

  /** Asks the browser again, after its permission was changed or it found nothing. */
  retry(): void {
    if (!this.#release) return;
    this.#endWatch();
    this.#begin();
  }

  #begin(): void {
    this.state = 'seeking';
    this.#kept = readKept(this.#staff);
    this.screen.hold();
    this.#watch = navigator.geolocation.watchPosition(this.#onPosition, this.#onError, OPTIONS);
    // A phone that lies still may tell nothing more; then it is asked.
    this.#heartbeat = setInterval(() => {
      if (!this.last) return;
      // A negative age means that the clock was set back.
      const age = Date.now() - this.last.at;
      if (age >= 0 && age < STILL_EVERY_MS) return;
      navigator.geolocation.getCurrentPosition(this.#onPosition, this.#onError, OPTIONS);
    }, STILL_EVERY_MS / 5);
  }

  #endWatch(): void {
    if (this.#watch !== null) navigator.geolocation.clearWatch(this.#watch);
    this.#watch = null;
    clearInterval(this.#heartbeat);
  }

  #onPosition = (position: Reading): void => {
    if (this.#watch === null) return;
    const verdict = judge(position, this.#kept);
    if (verdict === 'too_wide') {
      this.wide = position.coords.accuracy;
      this.state = 'wide';
      return;
    }
    this.state = 'good';
    this.last = { at: position.timestamp, accuracy: position.coords.accuracy };
    if (verdict !== 'keep') return;
    this.#kept = fixOf(position, crypto.randomUUID(), this.#power);
    localStorage.setItem(KEPT, JSON.stringify({ staff: this.#staff, fix: this.#kept }));
    void this.#take(this.#kept);
  };

  #onError = (error: GeolocationPositionError): void => {
    if (this.#watch === null) return;
    if (error.code === error.PERMISSION_DENIED) {
      this.state = 'denied';
      this.screen.release();
    } else if (this.state !== 'good' || error.code === error.POSITION_UNAVAILABLE || this.#isStale()) {
      this.state = 'unavailable';
    }
  };

  /** Whether the last position is so old that a single search that failed is no excuse. */
  #isStale(): boolean {
    return this.last !== null && Date.now() - this.last.at > STALE_MS;
  }

  /** A permission that is granted or taken back while the page is open. */
  #followPermission(): void {
    const asked = navigator.permissions?.query({ name: 'geolocation' });
    void asked?.then((permission) => permission.addEventListener('change', () => {
      if (permission.state === 'denied' && this.#watch !== null) this.state = 'denied';
      else if (this.state === 'denied') this.retry();
    })).catch(() => undefined);
  }

  async #followPower(): Promise<void> {
    const source = await (navigator as Partial<WithBattery>).getBattery?.().catch(() => null);
    if (!source) return;
    const read = () => { this.#power = { level: source.level, charging: source.charging }; };
    source.addEventListener('levelchange', read);
    source.addEventListener('chargingchange', read);
    read();
  }
}

/** Chromium tells of the battery; other browsers do not. */
type WithBattery = { getBattery(): Promise<Power & EventTarget> };

/** Forgets the last fix, when somebody logs out. */
export function forgetKept(): void {
  localStorage.removeItem(KEPT);
}

/** The person's fix that was kept last, also by a page that was closed since, so that opening it anew does not count as moving. */
function readKept(staff: string): Fix | null {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? 'null') as { staff: string; fix: Fix } | null;
    return kept?.staff === staff ? kept.fix : null;
  } catch {
    return null;
  }
}
