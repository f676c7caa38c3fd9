// A policy as a form: its terms, its numbers with their limits, and how two versions differ. Pure.
import type { Schemas } from '../../../api/api';
import { same } from '../../merge';

/** The numbers and switches. */
export type Settings = Schemas['PolicySettings'];

/** What of a policy can be changed. */
export type PolicyForm = { name: string } & Settings;

/** The terms of the score in their usual order. */
export const TERMS = ['travel', 'service', 'region', 'skill', 'language', 'panel', 'continuity', 'workload', 'availability'] as const;
export type Term = (typeof TERMS)[number];

/** The largest weight that the API takes. */
export const MOST_WEIGHT = 1_000;

type NumberName = Exclude<keyof Settings, 'weights' | 'require_location' | 'filter_by_preferences'>;

/** A number with its limits. `limit`: it can be left out, which means no limit. */
export type NumberField = { name: NumberName; min: number; max: number; limit?: number };

/** The numbers by what they are about. `limit` is where a limit begins when it is switched on. */
export const NUMBERS: Record<'limits' | 'travel' | 'location', NumberField[]> = {
  limits: [
    { name: 'max_late_min', min: 0, max: 1_440 },
    { name: 'max_travel_km', min: 0, max: 20_000, limit: 50 },
    { name: 'max_utilisation', min: 0, max: 10, limit: 1 },
    { name: 'star_threshold', min: 0, max: 100 },
  ],
  travel: [
    { name: 'speed_kmh', min: 1, max: 200 },
    { name: 'circuity', min: 1, max: 5 },
    { name: 'travel_offset_min', min: 0, max: 240 },
    { name: 'travel_scale_min', min: 1, max: 480 },
  ],
  location: [
    { name: 'ping_half_life_min', min: 1, max: 1_440 },
    { name: 'lead_half_life_min', min: 1, max: 10_080 },
    { name: 'urgent_ping_max_age_min', min: 0, max: 1_440 },
    { name: 'booking_hold_h', min: 0, max: 168 },
    { name: 'last_job_hold_h', min: 0, max: 168 },
  ],
};

/** The switches. */
export const SWITCHES = ['require_location', 'filter_by_preferences'] as const;

/** What of a policy the form holds. */
export function formOf(policy: { name: string; settings: Settings }): PolicyForm {
  return { name: policy.name, ...policy.settings };
}

/** The form's settings as the API takes them. */
export function settingsOf({ name: _name, ...settings }: PolicyForm): Settings {
  return settings;
}

/** The sum of the weights. */
export function sum(weights: Settings['weights']): number {
  return TERMS.reduce((total, term) => total + (weights[term] || 0), 0);
}

/** How many of 100 points a term can give at most, in a case to which all terms apply. */
export function share(weights: Settings['weights'], term: Term): number {
  const total = sum(weights);
  return total > 0 ? ((weights[term] || 0) / total) * 100 : 0;
}

/** One difference: a weight, or another field. */
export type Difference = { kind: 'weight'; term: Term; before: number; after: number } | { kind: 'field'; name: Exclude<keyof PolicyForm, 'weights'>; before: unknown; after: unknown };

/** What differs between two versions. */
export function differences(before: PolicyForm, after: PolicyForm): Difference[] {
  const weights = TERMS.filter((term) => before.weights[term] !== after.weights[term])
    .map((term) => ({ kind: 'weight' as const, term, before: before.weights[term], after: after.weights[term] }));
  const names = (Object.keys(after) as (keyof PolicyForm)[]).filter((name) => name !== 'weights' && !same(before[name], after[name]));
  return [...weights, ...names.map((name) => ({ kind: 'field' as const, name: name as Exclude<keyof PolicyForm, 'weights'>, before: before[name], after: after[name] }))];
}
