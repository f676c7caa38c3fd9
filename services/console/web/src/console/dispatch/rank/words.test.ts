// Reasons, rules and changes in words.
import { expect, test } from 'vitest';
import { words } from '../../../texts';
import type { Names } from './names';
import { reason } from './reasons';
import { change, items } from './rules';

const names: Names = {
  service: (id) => (id === 's1' ? 'Surveillance' : undefined),
  region: (id) => (id === 'r1' ? 'Old Town' : undefined),
  zone: 'Europe/Lisbon',
};
const term = (name: string, inputs: Record<string, unknown>) => ({ term: name, inputs });

test('every rule of the ranking contract has a name of its own', () => {
  const rules = ['inactive', 'already_assigned', 'already_declined', 'excluded_by_client', 'not_on_required_panel', 'service_never', 'region_never', 'service_not_preferred', 'region_not_preferred', 'missing_skill', 'licence_missing', 'licence_expired', 'language_missing', 'time_off', 'double_booked', 'outside_working_hours', 'too_late', 'beyond_max_travel', 'no_location', 'at_capacity', 'not_in_group'];
  const known = rules.map((rule) => words.ranking.rule(rule));
  expect(new Set(known).size).toBe(rules.length);
  expect(known.filter((name) => name.includes('_'))).toEqual([]);
});

test('a rule says what somebody has and what is needed', () => {
  expect(items('missing_skill', [{ of: 'camera', has: 1, needs: 3 }], names)).toEqual(['camera: level 1, 3 is needed']);
  expect(items('service_never', [{ of: 's1', has: 'never', needs: 'avoid' }], names)).toEqual(['Surveillance: never; at least “rather not” is needed']);
  expect(items('too_late', [{ of: 'late_min', has: 45.5, needs: 30 }], names)).toEqual(['46 min late; at most 30 min is allowed']);
  expect(items('beyond_max_travel', [{ of: 'own_km', has: 11.616, needs: 5 }], names)).toEqual(['12 km away; they go at most 5.0 km']);
  expect(items('inactive', [{ of: null, has: 'inactive', needs: 'active' }], names)).toEqual([]);
});

test('the time of the work is said once', () => {
  const needs = { from: '2026-11-29T11:50:00Z', until: '2026-11-29T14:50:00Z' };
  const lines = items('double_booked', [
    { of: null, has: { from: '2026-11-29T10:00:00Z', until: '2026-11-29T12:00:00Z' }, needs },
    { of: null, has: { from: '2026-11-29T14:00:00Z', until: '2026-11-29T15:00:00Z' }, needs },
  ], names);
  expect(lines).toHaveLength(3);
  expect(lines[2]).toMatch(/^The work is from .*11:50.*:50/);
});

test('a change is said in words, without codes and ids', () => {
  expect(change({ change: 'rule_off', rule: 'time_off' }, names)).toBe('leave out the rule “Has time off”');
  expect(change({ change: 'required_skills', skills: [{ skill: 'camera', to: 2 }, { skill: 'driving', to: 0 }] }, names)).toBe('require camera at level 2 only, do not require driving');
  expect(change({ change: 'regions', regions: ['r1'], to: 'avoid' }, names)).toBe('their preference for Old Town becomes “rather not”');
  expect(change({ change: 'panel_not_required' }, names)).toBe('do not require the client’s panel');
  expect(change({ change: 'eta_min', at_most: 14, has: 31 }, names)).toBe('a drive of at most 14 min (it is 31 min)');
});

test('travel names each drive that counts, and how much', () => {
  const travel = (inputs: Record<string, unknown>, weight: number) => reason(term('travel', inputs), weight, names);
  expect(travel({ ping_eta_min: 7, fallback: 'home', fallback_eta_min: 3, booking_eta_min: null }, 0.75)).toBe('7 min from the live position (counts 75 %), blended with 3 min from home (counts 25 %)');
  expect(travel({ ping_eta_min: 7, fallback: 'home', fallback_eta_min: 3, booking_eta_min: null }, 0.998)).toBe('7 min from the live position');
  expect(travel({ ping_eta_min: null, fallback: 'home', fallback_eta_min: 3, booking_eta_min: null }, 0)).toBe('3 min from home');
  expect(travel({ ping_eta_min: null, fallback: 'none', fallback_eta_min: null, booking_eta_min: null }, 0)).toBe('No place is known to drive from.');
  expect(travel({ ping_eta_min: null, fallback: 'none', fallback_eta_min: null, booking_eta_min: 12 }, 0)).toBe('12 min from the booking before');
});

test('the other terms say their inputs', () => {
  expect(reason(term('skill', { skills: [{ skill: 'camera', have: 4, required: 2, preferred: 3 }] }), 0, names)).toBe('camera: level 4 (needed 2, best from 3)');
  expect(reason(term('workload', { committed_min: 300, capacity_min: 2400, load_millionths: 125_000, mean_load_millionths: 200_000 }), 0, names)).toBe('Booked 5 h of 40 h this week (13 %); the mean is 20 %.');
  expect(reason(term('availability', { slack_min: -4, limited_by: 'next_booking' }), 0, names)).toBe('4 min too little for the way to the next booking');
  expect(reason(term('availability', { slack_min: null, limited_by: null }), 0, names)).toBe('Nothing limits their time.');
});
