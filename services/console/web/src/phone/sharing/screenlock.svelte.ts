// Keeps the screen on while the location is shared, since a browser tells no position when it is off.
// The browser takes the lock away when the page is hidden; it is asked for again when it is seen.

/** The lock of the screen. */
export class ScreenLock {
  /** Whether the screen stays on now. */
  held = $state(false);
  /** Whether this browser can keep it on. */
  readonly possible = 'wakeLock' in navigator;
  #wanted = false;
  #lock: WakeLockSentinel | null = null;

  constructor() {
    document.addEventListener('visibilitychange', () => { if (!document.hidden && this.#wanted) void this.#ask(); });
  }

  hold(): void {
    this.#wanted = true;
    void this.#ask();
  }

  release(): void {
    this.#wanted = false;
    void this.#lock?.release();
    this.#lock = null;
    this.held = false;
  }

  async #ask(): Promise<void> {
    if (!this.possible || document.hidden || this.#lock) return;
    try {
      const lock = await navigator.wakeLock.request('screen');
      if (!this.#wanted) return void lock.release();
      this.#lock = lock;
      this.held = true;
      lock.addEventListener('release', () => {
        if (this.#lock === lock) this.#lock = null;
        this.held = this.#lock !== null;
      });
    } catch {
      // Refused, as with a nearly empty battery. The page says that the screen may go off.
      this.held = false;
    }
  }
}
