// This browser as a device of the person who is logged in. The device's token is in a cookie that
// scripts cannot read; here is only which device it is and whose, so that nothing is sent as another's.
import { all } from '../../api/pager.svelte';
import { api, body, type Schemas } from '../../api/api';
import { Problem } from '../../api/problem';
import { words } from '../../texts';

const KEY = 'nearhand.device';

/** Which device this browser is, and whose. */
export type Enrolment = { device: string; staff: string };

/** The enrolment as this browser knows it; null if it is none, or another person's. */
export function known(staff: string | null): Enrolment | null {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Enrolment | null;
    return kept && (staff === null || kept.staff === staff) ? kept : null;
  } catch {
    return null;
  }
}

/** One's devices that have not been revoked. */
export async function ownDevices(): Promise<Schemas['OwnDevice'][]> {
  const devices = await all((cursor) => body(api.GET('/v1/me/devices', { params: { query: { limit: 200, cursor } } })));
  return devices.filter((device) => !device.revoked_at);
}

/** Asks the API whether this browser is a device of the person, and keeps what it says. Another tab may
    have logged another person in: their device does not count. */
export async function verify(staff: string): Promise<Enrolment | null> {
  const here = (await ownDevices()).find((device) => device.this_browser && device.staff_id === staff);
  return here ? keep(here) : null;
}

/** Enrols this browser, unless it is enrolled. */
export async function enrol(staff: string): Promise<void> {
  if (await verify(staff)) return;
  // Nothing is sent until it is known whose the new cookie is.
  forget();
  const device = await newDevice().catch((thrown: unknown) => {
    // The answer with the cookie was lost. A further request makes another device.
    if (thrown instanceof Problem && thrown.code === 'idempotency_secret_shown') return newDevice();
    throw thrown;
  });
  keep(device);
}

async function newDevice(): Promise<Schemas['Device']> {
  return (await body(api.POST('/v1/me/devices', { body: { name: browserName(navigator.userAgent), cookie: true } }))).device;
}

/** Makes the device's cookie last as long as it can, from now on. Whether it still counts, `verify` finds out. */
export async function renew(): Promise<void> {
  await api.GET('/v1/pings/wanted').catch(() => undefined);
}

/** Forgets which device this browser is. */
export function forget(): void {
  localStorage.removeItem(KEY);
}

function keep({ id, staff_id }: Schemas['Device']): Enrolment {
  const enrolment = { device: id, staff: staff_id };
  localStorage.setItem(KEY, JSON.stringify(enrolment));
  return enrolment;
}

/** What this browser is called in lists of devices, such as "Chrome on Android". */
export function browserName(agent: string): string {
  const browsers: [RegExp, string][] = [[/Edg/, 'Edge'], [/OPR/, 'Opera'], [/SamsungBrowser/, 'Samsung Internet'], [/Firefox|FxiOS/, 'Firefox'], [/Chrome|CriOS/, 'Chrome'], [/Safari/, 'Safari']];
  const systems: [RegExp, string][] = [[/iPhone/, 'iPhone'], [/iPad/, 'iPad'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Mac OS/, 'Mac'], [/Linux/, 'Linux']];
  const of = (list: [RegExp, string][]) => list.find(([pattern]) => pattern.test(agent))?.[1];
  const [browser, system] = [of(browsers) ?? words.phone.someBrowser, of(systems)];
  return system ? words.phone.browserOn(browser, system) : browser;
}
