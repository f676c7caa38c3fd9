// Finding people by name.
import { api, body } from '../../api/api';
import type { Option } from '../../ui/Combobox.svelte';

const FOUND_MOST = 12;

/** Those whose names begin so. */
export async function findPeople(letters: string, signal: AbortSignal): Promise<Option[]> {
  const page = await body(api.GET('/v1/staff', { params: { query: { limit: FOUND_MOST, ...(letters ? { q: letters } : {}) } }, signal }));
  return page.items.map((person) => ({ value: person.id, text: person.display_name, note: person.account_code ?? undefined }));
}
