// The apps that can be set up from the phone page, and what of a device's setup each takes.
import type { Schemas } from '../../api/api';

/** In the order they are offered. */
export const APPS = ['owntracks', 'overland', 'traccar', 'gpslogger'] as const;
export type App = (typeof APPS)[number];

/** What the page shows: a link that the app opens and its code, or a profile to download, and the address. */
export type Shown = { url: string; link: string | null; qr: string | null; profile: string | null };

/** The part of a setup that an app takes. */
export function shownOf(setup: Schemas['DeviceSetup'], app: App): Shown {
  if (app === 'gpslogger') return { url: setup.gpslogger.url, link: null, qr: null, profile: setup.gpslogger.profile };
  const { url, link, qr_png } = setup[app];
  return { url, link, qr: qr_png, profile: null };
}
