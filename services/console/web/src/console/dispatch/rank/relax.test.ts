// Relaxations as changes of the case or the policy.
import { expect, test } from 'vitest';
import { asPatch, asSettings } from './relax';

const value = { skills: [{ code: 'camera', required: 3, preferred: 4 }, { code: 'driving', required: 1, preferred: 2 }], language_required: true };

test('a skill is asked for at a lower level, or not at all, and can be put back', () => {
  const lower = asPatch({ change: 'required_skills', skills: [{ skill: 'camera', to: 2 }] }, value);
  expect(lower?.after.skills).toEqual([{ code: 'camera', required: 2, preferred: 4 }, value.skills[1]]);
  expect(lower?.before.skills).toEqual(value.skills);
  expect(asPatch({ change: 'required_skills', skills: [{ skill: 'driving', to: 0 }] }, value)?.after.skills).toEqual([value.skills[0]]);
});

test('a language that was required becomes a wish', () => {
  expect(asPatch({ change: 'language_not_required' }, value)).toEqual({ after: { language_required: false }, before: { language_required: true } });
});

test('limits belong to the policy, a rule to neither', () => {
  expect(asSettings({ change: 'max_late_min', to: 41.5 })).toEqual({ max_late_min: 41.5 });
  expect(asSettings({ change: 'rule_off', rule: 'time_off' })).toBeNull();
  expect(asPatch({ change: 'rule_off', rule: 'time_off' }, value)).toBeNull();
});
