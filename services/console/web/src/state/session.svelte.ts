// Who is logged in, and what they may do. The session itself is a cookie that scripts cannot read.
import { api, body, onSessionEnded, type Schemas } from '../api/api';
import { Problem } from '../api/problem';

class Session {
  /** Oneself; null while nobody is logged in. */
  me: Schemas['Me'] | null = $state.raw(null);
  /** The organisation; null until it is read, and for people who may not read it. */
  organization: Schemas['Organization'] | null = $state.raw(null);
  /** Whether it is known who is logged in. */
  known = $state(false);
  /** Whether a session was there and has ended, so the page below is kept. */
  ended = $state(false);

  /** Finds out who is logged in. */
  async load(): Promise<void> {
    try {
      this.me = await body(api.GET('/v1/me'));
      this.ended = false;
      await this.#loadOrganization();
    } catch (thrown) {
      if (!(thrown instanceof Problem) || thrown.status !== 401) throw thrown;
      this.me = null;
      this.ended = false;
    } finally {
      this.known = true;
    }
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
    const before = this.me?.staff.id;
    await this.load();
    // Another person must not see what the one before left on the page.
    if (before && before !== this.me?.staff.id) location.reload();
  }

  /** Logs out and forgets everything that was shown. `forget` removes what a page has stored besides. */
  async logOut(forget?: () => Promise<void>): Promise<void> {
    await api.DELETE('/v1/sessions/current');
    await forget?.();
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
    return this.organization?.time_zone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  }
}

/** The session of this page. */
export const session = new Session();

onSessionEnded(() => {
  if (session.me) session.ended = true;
});
