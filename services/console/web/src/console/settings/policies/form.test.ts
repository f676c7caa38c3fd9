// Tests of the form of a policy.
import { expect, it } from 'vitest';
import { differences, share, sum, type PolicyForm } from './form';

const weights = { travel: 32, service: 14, region: 9, skill: 12, language: 5, panel: 6, continuity: 7, workload: 9, availability: 6 };
const form: PolicyForm = {
  name: 'A', weights, booking_hold_h: 4, circuity: 1.3, filter_by_preferences: false, last_job_hold_h: 12, lead_half_life_min: 60, max_late_min: 30,
  max_travel_km: null, max_utilisation: null, ping_half_life_min: 20, require_location: false, speed_kmh: 40, star_threshold: 80,
  travel_offset_min: 10, travel_scale_min: 30, urgent_ping_max_age_min: 60,
};

it('adds weights up', () => {
  expect(sum(weights)).toBe(100);
  expect(share(weights, 'travel')).toBe(32);
  expect(share({ ...weights, travel: 0, service: 0, region: 0, skill: 0, language: 0, panel: 0, continuity: 0, workload: 0, availability: 0 }, 'travel')).toBe(0);
});

it('names what differs between versions', () => {
  const after = { ...form, name: 'B', max_travel_km: 40, weights: { ...weights, travel: 50 } };
  expect(differences(form, after)).toEqual([
    { kind: 'weight', term: 'travel', before: 32, after: 50 },
    { kind: 'field', name: 'name', before: 'A', after: 'B' },
    { kind: 'field', name: 'max_travel_km', before: null, after: 40 },
  ]);
  expect(differences(form, { ...form })).toEqual([]);
});
