// The best relaxation of a funnel as a lasting change of the case.
import { api, body, ifMatch, type Schemas } from '../../../api/api';
import type { OpenCase } from '../case.svelte';
import type { Change } from './rules';

type Case = Pick<Schemas['CaseDetails'], 'skills'>;

/** What it changes of the case; null for changes of a policy or a rule. */
export function asPatch(of: Change, value: Case): Schemas['CasePatch'] | null {
  if (of.change === 'language_not_required') return { language_required: false };
  if (of.change !== 'required_skills') return null;
  const levels = new Map(of.skills.map((skill) => [skill.skill, skill.to]));
  const skills = value.skills
    .map((skill) => ({ ...skill, required: Math.min(skill.required, levels.get(skill.code) ?? skill.required) }))
    .filter((skill) => skill.required > 0);
  return { skills };
}

/** Changes the case at the server, upon the version that is shown. */
export async function patchCase(open: OpenCase, patch: Schemas['CasePatch']): Promise<void> {
  try {
    await body(api.PATCH('/v1/cases/{id}', { params: { path: { id: open.id }, header: ifMatch(open.etag) }, body: patch }));
  } finally {
    await open.changed();
  }
}
