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

/** An open stream. `close` it when its page goes. */
export class EventStream {
  state: StreamState = $state('connecting');
  #url: string;
  #handlers: Handlers;
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wait = FIRST_WAIT_MS;
  #closed = false;

  constructor(url: string, handlers: Handlers) {
    this.#url = url;
    this.#handlers = handlers;
    document.addEventListener('visibilitychange', this.#onVisibility);
    addEventListener('online', this.#onOnline);
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
    document.removeEventListener('visibilitychange', this.#onVisibility);
    removeEventListener('online', this.#onOnline);
    this.#stop();
  }

  #open(): void {
    this.#stop();
    if (this.#closed) return;
    const source = new EventSource(this.#url);
    this.#source = source;
    source.onopen = () => { this.state = 'live'; this.#wait = FIRST_WAIT_MS; };
    source.onerror = () => this.#onError(source);
    for (const [kind, handle] of Object.entries(this.#handlers)) {
      source.addEventListener(kind, (event) => handle(JSON.parse((event as MessageEvent<string>).data)));
    }
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#source?.close();
    this.#source = null;
  }

  #onError(source: EventSource): void {
    if (source !== this.#source) return;
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

  #onOnline = (): void => {
    if (!document.hidden && this.state !== 'live') this.#open();
  };
}
