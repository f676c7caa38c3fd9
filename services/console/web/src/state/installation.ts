// What this installation tells its pages at their start: the map's style, the demo's logins, its version.

/** One person's login of the demo. */
export type DemoLogin = { login: string; password: string };

/** `GET /console/settings.json`. */
export type Installation = {
  /** The style of the map; null draws the built-in one. */
  map_style: string | null;
  /** How to log in to the demo; told to browsers on the demo's own machine only. */
  demo: (DemoLogin & { organization: string; scheduler?: DemoLogin; worker?: DemoLogin }) | null;
  version: string;
};

const none: Installation = { map_style: null, demo: null, version: '' };
let reading: Promise<Installation> | undefined;

/** The settings, read once. Without an answer pages do with what is built in. */
export function installation(): Promise<Installation> {
  reading ??= fetch('/console/settings.json', { cache: 'no-store' })
    .then((response) => response.ok ? response.json() as Promise<Installation> : none)
    .catch(() => none);
  return reading;
}
