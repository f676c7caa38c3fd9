// Asking why somebody is not listed.
import { api, body, type Schemas } from '../../../api/api';
import type { Question } from './ranking.svelte';

/** Ranks anew for the same question, and says where one person stands or what removes them. */
export function askWhyNot(question: Question, staffId: string, signal?: AbortSignal): Promise<Schemas['WhyNot']> {
  return body(api.POST('/v1/recommendations/why-not', { body: { ...question, staff_id: staffId }, signal }));
}
