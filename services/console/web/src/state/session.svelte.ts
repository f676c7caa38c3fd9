// Who is logged in, and what they may do. The session itself is a cookie that scripts cannot read.
import { actAs, api, body, onSessionEnded, type Schemas } from '../api/api';
import { Problem } from '../api/problem';
import { ownZone } from '../format/zones';

/** Tells the other tabs of this browser that somebody has logged in or out. */
const tabs = new BroadcastChannel('nearhand-session');

class Session {
  /** Oneself; null while nobody is logged in. */
  me: Schemas['Me'] | null = $state.raw(null);
  /** The organisation; null until it is read, and for people who may not read it. */
  organization: Schemas['Organization'] | null = $state.raw(null);
  /** Whether it is known who is logged in. */
  known = $state(false);
  /** Whether a session was there and has ended, so the page below is kept. */
  ended = $state(false);

  /** Whether the page goes because it is no longer that of who is logged in. Nobody is asked then
      whether they want to stay. */
  over = false;
  #looking = false;
  #lookAgain = false;

  /** Finds out who is logged in. */
  async load(): Promise<void> {
    try {
      this.#take(await body(api.GET('/v1/me')));
      await this.#loadOrganization();
    } catch (thrown) {
      if (!(thrown instanceof Problem) || thrown.status !== 401) throw thrown;
      this.me = null;
      this.ended = false;
    } finally {
      this.known = true;
    }
  }

  #take(me: Schemas['Me']): void {
    if (this.me && this.me.staff.id !== me.staff.id) {
      // Another person must not see what the one before left on the page.
      this.#begin();
      return;
    }
    // Whatever follows from who is logged in is not made anew for the same answer.
    if (JSON.stringify(this.me) !== JSON.stringify(me)) this.me = me;
    this.ended = false;
    actAs(me.staff.id);
  }

  /** Looks who is logged in by now: another tab may have logged out, or logged in again, perhaps as
      another person. */
  async look(): Promise<void> {
    if (!this.me) return;
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = true;
    try {
      this.#take(await body(api.GET('/v1/me')));
    } catch (thrown) {
      // An ended session has said so by itself; without an answer nothing is known.
      if (!(thrown instanceof Problem)) throw thrown;
    } finally {
      this.#looking = false;
    }
    if (!this.#lookAgain) return;
    // What was asked may have been answered before the change that was to be seen.
    this.#lookAgain = false;
    await this.look();
  }

  async #loadOrganization(): Promise<void> {
    if (this.me?.must_change_password) return;
    try {
      this.organization = await body(api.GET('/v1/organization'));
    } catch (thrown) {
      if (!(thrown instanceof Problem)) throw thrown;
      this.organization = null;
    }
  }

  /** Logs in with a cookie session. `remember` keeps it when the browser is closed. */
  async logIn(form: { organization: string; login: string; password: string; remember: boolean }): Promise<void> {
    const { organization, ...rest } = form;
    await api.POST('/v1/sessions', {
      body: { ...rest, ...(organization ? { organization } : {}), cookie: true },
    });
    tabs.postMessage('in');
    await this.load();
  }

  /** Logs out and forgets everything that was shown. `forget` removes what a page has stored besides. */
  async logOut(forget?: () => Promise<void>): Promise<void> {
    await api.DELETE('/v1/sessions/current');
    tabs.postMessage('out');
    await forget?.();
    this.#begin();
  }

  /** Begins with an empty page. */
  #begin(): void {
    this.over = true;
    location.reload();
  }

  /** Whether one holds a permission. */
  may(permission: string): boolean {
    return this.me?.permissions.includes(permission) ?? false;
  }

  /** Whether one may do something, by its name in `actions` of `/v1/me`: a permission that reaches far enough. */
  can(action: string): boolean {
    return this.me?.actions.some((one) => one.action === action) ?? false;
  }

  /** The organisation's time zone, else the browser's. */
  get timeZone(): string {
    return this.organization?.time_zone ?? ownZone();
  }
}

/** The session of this page. */
export const session = new Session();

onSessionEnded(() => {
  if (!session.me || session.ended) return;
  session.ended = true;
  // Or it is another person's.
  void session.look();
});
tabs.onmessage = () => void session.look();
document.addEventListener('visibilitychange', () => {
  if (!document.hidden) void session.look();
});
