// What is typed about a case, and what of it is sent. The form edits a draft; the API gets only what
// differs from the version the draft began with.
import type { Schemas } from '../../../api/api';
import { instantOf, localOf } from '../../../format/zoned';

type Case = Schemas['CaseDetails'];
type LatLng = Schemas['LatLng'];

/** A case as it is typed: texts for what may be empty. */
export type Draft = {
  title: string;
  number: string;
  position: string;
  address: { street: string; postcode: string; city: string; region: string; country: string };
  when: 'soon' | 'at';
  start: string;
  duration: number | null;
  slots: number | null;
  urgent: boolean;
  client: string;
  department: string;
  group: string;
  queue: string;
  services: string[];
  skills: Schemas['SkillNeed'][];
  languages: string[];
  languageRequired: boolean;
  licences: Schemas['LicenceNeed'][];
  notes: string;
  arrivalRadius: number | null;
};

/** Degrees with the six decimals that are worth writing: 11 cm. */
export function positionText(at: LatLng | null): string {
  return at ? `${Number(at.lat.toFixed(6))}, ${Number(at.lng.toFixed(6))}` : '';
}

/** The position that a text means, latitude first; null when it is none. */
export function parsePosition(text: string): LatLng | null {
  const found = /^\s*(-?\d{1,2}(?:\.\d+)?)\s*(?:[,;]\s*|\s+)(-?\d{1,3}(?:\.\d+)?)\s*$/.exec(text);
  if (!found) return null;
  const at = { lat: Number(found[1]), lng: Number(found[2]) };
  return Math.abs(at.lat) <= 90 && Math.abs(at.lng) <= 180 ? at : null;
}

/** When the work of a draft starts; null when that is not typed, or not a time. */
export function fromDraftStart(draft: Draft, zone: string): string | null {
  return instantOf(draft.start, zone);
}

/** A draft of a case, or of a new one. */
export function draftOf(of: Case | null, zone: string): Draft {
  const address = of?.address;
  return {
    title: of?.title ?? '',
    number: of?.number ?? '',
    position: positionText(of?.position ?? null),
    address: {
      street: address?.street ?? '', postcode: address?.postcode ?? '', city: address?.city ?? '', region: address?.region ?? '', country: address?.country ?? '',
    },
    when: of?.starts_at ? 'at' : 'soon',
    start: of?.starts_at ? localOf(of.starts_at, zone) : '',
    duration: of?.duration_min ?? 60,
    slots: of?.slots ?? 1,
    urgent: of?.urgent ?? false,
    client: of?.client_id ?? '',
    department: of?.department_id ?? '',
    group: of?.group_id ?? '',
    queue: of?.queue_id ?? '',
    services: [...(of?.services ?? [])],
    skills: (of?.skills ?? []).map((skill) => ({ ...skill })),
    languages: [...(of?.languages ?? [])],
    languageRequired: of?.language_required ?? false,
    licences: (of?.licences ?? []).map((licence) => ({ ...licence })),
    notes: of?.notes ?? '',
    arrivalRadius: of?.arrival_radius_m ?? 150,
  };
}

/** All of a draft as the API takes it. */
export function inputOf(draft: Draft, zone: string): Schemas['CaseInput'] {
  const address = Object.entries(draft.address).map(([part, text]) => [part, text.trim()] as const).filter(([, text]) => text);
  return {
    title: draft.title.trim(),
    ...(draft.number.trim() ? { number: draft.number.trim() } : {}),
    position: parsePosition(draft.position),
    address: address.length > 0 ? Object.fromEntries(address) : null,
    starts_at: draft.when === 'at' ? fromDraftStart(draft, zone) : null,
    duration_min: draft.duration,
    slots: draft.slots,
    urgent: draft.urgent,
    client_id: draft.client || null,
    department_id: draft.department || null,
    group_id: draft.group || null,
    queue_id: draft.queue || null,
    services: draft.services,
    skills: draft.skills,
    languages: draft.languages,
    language_required: draft.languageRequired,
    licences: draft.licences,
    notes: draft.notes.trim(),
    arrival_radius_m: draft.arrivalRadius,
  };
}

/** What a draft changes of the case it began with. */
export function patchOf(draft: Draft, base: Case, zone: string): Schemas['CasePatch'] {
  const before = inputOf(draftOf(base, zone), zone);
  const entries = Object.entries(inputOf(draft, zone)).filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof typeof before]));
  return Object.fromEntries(entries);
}
