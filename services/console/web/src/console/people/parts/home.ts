// Address and home between the API and a form.
import type { Schemas } from '../../../api/api';
import { emptyAsNull } from '../../merge';
import type { Patch, Person } from '../types';

/** What the form holds. */
export type HomeFields = { address: Required<{ [part in keyof Schemas['AddressInput']]: string }>; lat: string; lng: string };
/** A place that an ambiguous address may mean. */
export type Choice = { label: string; position: Schemas['LatLng']; precision: string };
/** What is known of a search for an address. Which of them, the status says. */
export type GeocodeDetail = { attribution?: string; choices?: Choice[]; reason?: string };

/** The fields of a person. */
export function homeFields(person: Person): HomeFields {
  const { street, city, region, postcode, country } = person.address ?? {};
  const address = { street: street ?? '', city: city ?? '', region: region ?? '', postcode: postcode ?? '', country: country ?? '' };
  return { address, lat: person.home ? String(person.home.lat) : '', lng: person.home ? String(person.home.lng) : '' };
}

/** Whether only one of the two coordinates was given. */
export function incomplete(fields: HomeFields): boolean {
  return (fields.lat.trim() === '') !== (fields.lng.trim() === '');
}

/** A comma is how many people write decimals. */
const degrees = (typed: string) => Number(typed.trim().replace(',', '.'));

/** The place that the fields give; null where they give none on the globe. */
export function homeOf(fields: HomeFields): Schemas['LatLng'] | null {
  if (fields.lat.trim() === '' || fields.lng.trim() === '') return null;
  const [lat, lng] = [degrees(fields.lat), degrees(fields.lng)];
  return Math.abs(lat) <= 90 && Math.abs(lng) <= 180 ? { lat, lng } : null;
}

/** What to send for some changes. An address is sent whole, since it is looked for as a whole. */
export function homePatch(changes: Partial<HomeFields>, all: HomeFields): Patch {
  const patch: Patch = {};
  if (changes.address) {
    const address = emptyAsNull(all.address);
    patch.address = Object.values(address).some((part) => part !== null) ? address : null;
  }
  if (changes.lat !== undefined || changes.lng !== undefined) {
    patch.home = all.lat.trim() === '' ? null : { lat: degrees(all.lat), lng: degrees(all.lng) };
  }
  return patch;
}
