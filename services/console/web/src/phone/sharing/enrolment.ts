// This browser as a device of the person who is logged in. The device's token is in a cookie that
// scripts cannot read; here is only which device it is, so that fixes stay with the one that took them.
import { all } from '../../api/pager.svelte';
import { api, body, type Schemas } from '../../api/api';

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

/** Asks the API whether this browser is a device of the person, and keeps what it says. */
export async function verify(staff: string): Promise<Enrolment | null> {
  const here = (await ownDevices()).find((device) => device.this_browser);
  return here ? keep({ device: here.id, staff }) : null;
}

/** Enrols this browser, unless it is enrolled. */
export async function enrol(staff: string, name: string): Promise<Enrolment> {
  const present = await verify(staff);
  if (present) return present;
  const { device } = await body(api.POST('/v1/me/devices', { body: { name, cookie: true } }));
  return keep({ device: device.id, staff });
}

/** Forgets which device this browser is. */
export function forget(): void {
  localStorage.removeItem(KEY);
}

function keep(enrolment: Enrolment): Enrolment {
  localStorage.setItem(KEY, JSON.stringify(enrolment));
  return enrolment;
}

/** What this browser is called in lists of devices, such as "Chrome on Android". */
export function browserName(agent: string): string {
  const browsers: [RegExp, string][] = [[/Edg/, 'Edge'], [/OPR/, 'Opera'], [/SamsungBrowser/, 'Samsung Internet'], [/Firefox|FxiOS/, 'Firefox'], [/Chrome|CriOS/, 'Chrome'], [/Safari/, 'Safari']];
  const systems: [RegExp, string][] = [[/iPhone/, 'iPhone'], [/iPad/, 'iPad'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Mac OS/, 'Mac'], [/Linux/, 'Linux']];
  const of = (list: [RegExp, string][]) => list.find(([pattern]) => pattern.test(agent))?.[1];
  return [of(browsers) ?? 'Browser', of(systems)].filter(Boolean).join(' on ');
}
