// The apps that can be set up from the phone page, and what of a device's setup each takes.
import type { Schemas } from '../../api/api';

/** In the order they are offered. */
export const APPS = ['owntracks', 'overland', 'traccar', 'gpslogger'] as const;
export type App = (typeof APPS)[number];

/** What the page shows: a link that opens the app, its code to scan, a profile to download; and by hand the address, with the token where the address does not hold it. */
export type Shown = { url: string; token: string | null; link: string | null; qr: string | null; profile: string | null };

/** The part of a setup that an app takes. */
export function shownOf(setup: Schemas['DeviceSetup'], token: string, app: App): Shown {
  if (app === 'gpslogger') return { url: setup.gpslogger.url, token: null, link: null, qr: null, profile: setup.gpslogger.profile };
  const { url, link, qr_png } = setup[app];
  // An address of the web opens the browser: it is for the scanner in the app.
  const opens = !/^https?:/.test(link);
  return { url, token: url.includes(token) ? null : token, link: opens ? link : null, qr: qr_png, profile: null };
}
