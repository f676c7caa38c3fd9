// A stream of events of the API, kept open while the page is seen.
//
// The browser reconnects by itself and then names the last event it saw. It hides why it failed, so
// a fault asks whether the session has ended. A hidden page closes its stream, since a browser allows
// few connections for all its tabs; a page that is seen again opens it anew and gets a snapshot.
import { api } from './api';

/** What the reader is told about the connection. */
export type StreamState = 'connecting' | 'live' | 'reconnecting' | 'paused';

/** What to do with each kind of event. */
type Handlers = Record<string, (data: unknown) => void>;

/** How long a page may be hidden before its stream is closed. */
const HIDDEN_MS = 20_000;
/** How long to wait when the browser has given up, doubled at each failure. */
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** A timer so late means that the computer slept: the connection may be dead without saying so. */
const TICK_MS = 5_000;
const SLEPT_MS = 25_000;
/** After 15 s without an event the server sends `alive`. So long a silence means a dead connection. */
const SILENT_MS = 40_000;

/** An open stream. `close` it when its page goes. */
export class EventStream {
  state: StreamState = $state('connecting');
  #url: string;
  #handlers: Handlers;
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait = FIRST_WAIT_MS;
  #closed = false;
  #ticked = Date.now();
  /** When the server was heard last; null while there is no connection. */
  #heard: number | null = null;
  #ticking: ReturnType<typeof setInterval>;

  constructor(url: string, handlers: Handlers) {
    this.#url = url;
    this.#handlers = handlers;
    document.addEventListener('visibilitychange', this.#onVisibility);
    addEventListener('online', this.#onOnline);
    addEventListener('offline', this.#onOffline);
    this.#ticking = setInterval(this.#onTick, TICK_MS);
    this.#open();
  }

  /** Asks for something else from now on, such as another part of the map. */
  follow(url: string): void {
    if (url === this.#url) return;
    this.#url = url;
    if (this.#source || this.#timer !== undefined) this.#open();
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#ticking);
    document.removeEventListener('visibilitychange', this.#onVisibility);
    removeEventListener('online', this.#onOnline);
    removeEventListener('offline', this.#onOffline);
    this.#stop();
  }

  #open(): void {
    this.#stop();
    if (this.#closed) return;
    const source = new EventSource(this.#url);
    this.#source = source;
    source.onopen = () => { this.state = 'live'; this.#wait = FIRST_WAIT_MS; this.#heard = Date.now(); };
    source.onerror = () => this.#onError(source);
    source.addEventListener('alive', () => { this.#heard = Date.now(); });
    for (const [kind, handle] of Object.entries(this.#handlers)) {
      source.addEventListener(kind, (event) => this.#hand(handle, event as MessageEvent<string>));
    }
  }

  #hand(handle: (data: unknown) => void, event: MessageEvent<string>): void {
    this.#heard = Date.now();
    handle(JSON.parse(event.data));
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#source?.close();
    this.#source = null;
    this.#heard = null;
  }

  #onError(source: EventSource): void {
    if (source !== this.#source) return;
    this.#heard = null;
    this.state = 'reconnecting';
    if (source.readyState !== EventSource.CLOSED) return;
    // Refused. If the session has ended, this call says so to the whole page.
    this.#stop();
    void api.GET('/v1/me').catch(() => undefined);
    this.#timer = setTimeout(() => this.#open(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT_MS);
  }

  #onVisibility = (): void => {
    if (document.hidden) {
      this.#timer ??= setTimeout(() => { this.#stop(); this.state = 'paused'; }, HIDDEN_MS);
    } else if (this.state === 'paused' || this.state === 'reconnecting') {
      this.state = 'connecting';
      this.#open();
    } else if (this.#source) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  };

  #onTick = (): void => {
    const now = Date.now();
    const hasSlept = now - this.#ticked > SLEPT_MS;
    this.#ticked = now;
    const isSilent = this.#heard !== null && now - this.#heard > SILENT_MS;
    if ((!hasSlept && !isSilent) || document.hidden || !this.#source) return;
    this.state = 'reconnecting';
    this.#open();
  };

  #onOffline = (): void => {
    if (this.#source) this.state = 'reconnecting';
  };

  #onOnline = (): void => {
    if (!document.hidden && this.state !== 'live') this.#open();
  };
}
