// Relaxations as lasting changes of the case.
import { expect, test } from 'vitest';
import { asPatch } from './relax';

const value = { skills: [{ code: 'camera', required: 3, preferred: 4 }, { code: 'driving', required: 1, preferred: 2 }] };

test('a skill is asked for at a lower level, or not at all', () => {
  expect(asPatch({ change: 'required_skills', skills: [{ skill: 'camera', to: 2 }] }, value)).toEqual({ skills: [{ code: 'camera', required: 2, preferred: 4 }, value.skills[1]] });
  expect(asPatch({ change: 'required_skills', skills: [{ skill: 'driving', to: 0 }] }, value)).toEqual({ skills: [value.skills[0]] });
});

test('a language that was required becomes a wish', () => {
  expect(asPatch({ change: 'language_not_required' }, value)).toEqual({ language_required: false });
});

test('limits and rules are none of the case', () => {
  expect(asPatch({ change: 'max_late_min', to: 41.5 }, value)).toBeNull();
  expect(asPatch({ change: 'rule_off', rule: 'time_off' }, value)).toBeNull();
});
