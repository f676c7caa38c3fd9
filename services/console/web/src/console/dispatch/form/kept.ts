// What is typed about cases, kept while one looks at something else on the map.
import type { Schemas } from '../../../api/api';
import { session } from '../../../state/session.svelte';
import { draftOf, patchOf, type Draft } from './draft';

type Case = Schemas['CaseDetails'];

/** A change that is begun, with the version of the case that it began with. */
export type Edit = { draft: Draft; base: Case; etag: string };

/** The case that is being made, null when none is begun; and the changes of others by their ids. */
export const kept = { draft: null as Draft | null, edits: new Map<string, Edit>() };

/** Keeps a change of a case, unless it changes nothing. */
export function keepEdit(edit: Edit, zone: string): void {
  const changes = patchOf(edit.draft, edit.base, zone);
  if (Object.keys(changes).length > 0) kept.edits.set(edit.base.id, edit);
  else kept.edits.delete(edit.base.id);
}

/** Whether something that was typed would be lost with the page. */
export function isUnsaved(): boolean {
  // A new draft has no times, so its zone does not matter.
  return kept.edits.size > 0 || (kept.draft !== null && JSON.stringify(kept.draft) !== JSON.stringify(draftOf(null, 'UTC')));
}

/** Lets the browser ask before the page goes with what was typed, wherever in the console one is by
 *  then. Calling it again changes nothing. */
export function guardUnload(): void {
  addEventListener('beforeunload', ask);
}

function ask(event: BeforeUnloadEvent): void {
  if (isUnsaved() && !session.over) event.preventDefault();
}
