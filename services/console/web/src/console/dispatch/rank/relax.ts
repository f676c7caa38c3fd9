// The best relaxation of a funnel, as a change of the case or of the policy's settings.
import { api, body, ifMatch, type Schemas } from '../../../api/api';
import type { OpenCase } from '../case.svelte';
import type { Change } from './rules';

type Case = Pick<Schemas['CaseDetails'], 'skills' | 'language_required'>;

/** A relaxation that was made, and how to take it back. */
export type Relaxed = { words: string; undo: Schemas['CasePatch'] };

/** The change of the case, with what takes it back; null for changes of something else. */
export function asPatch(of: unknown, value: Case): { after: Schemas['CasePatch']; before: Schemas['CasePatch'] } | null {
  const one = of as Change;
  if (one.change === 'language_not_required') return { after: { language_required: false }, before: { language_required: true } };
  if (one.change !== 'required_skills') return null;
  const levels = new Map(one.skills.map((skill) => [skill.skill, skill.to]));
  const skills = value.skills
    .map((skill) => ({ ...skill, required: Math.min(skill.required, levels.get(skill.code) ?? skill.required) }))
    .filter((skill) => skill.required > 0);
  return { after: { skills }, before: { skills: value.skills } };
}

/** The settings of a policy that the change asks for; null for changes of something else. */
export function asSettings(of: unknown): Schemas['PolicySettingsInput'] | null {
  const one = of as Change;
  switch (one.change) {
    case 'max_late_min': return { max_late_min: one.to };
    case 'max_travel_km': return { max_travel_km: one.to };
    case 'max_utilisation': return { max_utilisation: one.to };
    case 'filter_by_preferences_off': return { filter_by_preferences: false };
    case 'location_not_required': return { require_location: false };
    default: return null;
  }
}

/** Changes the case at the server, upon the version that is shown. */
export async function patchCase(open: OpenCase, patch: Schemas['CasePatch']): Promise<void> {
  try {
    await body(api.PATCH('/v1/cases/{id}', { params: { path: { id: open.id }, header: ifMatch(open.etag) }, body: patch }));
  } finally {
    await open.changed();
  }
}
