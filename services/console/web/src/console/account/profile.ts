// One's own profile as a form, and what of it was changed.
import type { Schemas } from '../../api/api';
import { shiftsOf, storedOf, unfinished, type Shift } from '../people/parts/week';

type Staff = Schemas['Staff'];
type Patch = Schemas['OwnProfilePatch'];

const ADDRESS = ['street', 'postcode', 'city', 'region', 'country'] as const;

/** What is typed; empty stands for nothing. */
export type ProfileForm = {
  language: string;
  time_zone: string;
  max_travel_km: string;
  birth_date: string;
  signature: string;
  /** Whether hours are recorded at all; without, one is always available. */
  recorded: boolean;
  shifts: Shift[];
  address: Record<(typeof ADDRESS)[number], string>;
};

/** Where the API names faults that a field shows. */
export const POINTERS = ['/language', '/time_zone', '/max_travel_km', '/birth_date', '/signature', '/working_hours', ...ADDRESS.map((part) => `/address/${part}`)];

/** The form of what is stored. */
export function formOf(staff: Staff): ProfileForm {
  const part = (name: (typeof ADDRESS)[number]) => staff.address?.[name] ?? '';
  return {
    language: staff.language,
    time_zone: staff.time_zone ?? '',
    max_travel_km: staff.max_travel_km == null ? '' : String(staff.max_travel_km),
    birth_date: staff.birth_date ?? '',
    signature: staff.signature ?? '',
    recorded: Boolean(staff.working_hours),
    shifts: shiftsOf(staff.working_hours ?? []),
    address: { street: part('street'), postcode: part('postcode'), city: part('city'), region: part('region'), country: part('country') },
  };
}

/** What differs from what is stored; null clears. */
export function patchOf(stored: ProfileForm, form: ProfileForm): Patch {
  const patch: Patch = {};
  if (form.language !== stored.language) patch.language = form.language;
  if (form.time_zone !== stored.time_zone) patch.time_zone = form.time_zone || null;
  if (form.max_travel_km !== stored.max_travel_km) patch.max_travel_km = kilometres(form.max_travel_km);
  if (form.birth_date !== stored.birth_date) patch.birth_date = form.birth_date || null;
  if (form.signature !== stored.signature) patch.signature = form.signature || null;
  if (hoursOf(form) !== hoursOf(stored)) patch.working_hours = form.recorded ? storedOf(form.shifts) : null;
  if (ADDRESS.some((part) => form.address[part] !== stored.address[part])) patch.address = addressOf(form);
  return patch;
}

/** The fields that differ from what is stored. */
export function changedFields(stored: ProfileForm, form: ProfileForm): (keyof ProfileForm)[] {
  const fields = Object.keys(form) as (keyof ProfileForm)[];
  return fields.filter((field) => JSON.stringify(form[field]) !== JSON.stringify(stored[field]));
}

/** What keeps the form from being sent: a shift without a time. */
export function isUnfinished(form: ProfileForm): boolean {
  return form.recorded && unfinished(form.shifts);
}

function hoursOf(form: ProfileForm): string {
  return JSON.stringify(form.recorded ? storedOf(form.shifts) : null);
}

/** A comma is a decimal point in many languages. */
function kilometres(typed: string): number | null {
  return typed.trim() === '' ? null : Number(typed.trim().replace(',', '.'));
}

/** An address is replaced as a whole; without any part there is none. */
function addressOf({ address }: ProfileForm): Patch['address'] {
  const parts = ADDRESS.map((part) => [part, address[part].trim() || null] as const);
  return parts.every(([, value]) => value === null) ? null : Object.fromEntries(parts) as Patch['address'];
}
