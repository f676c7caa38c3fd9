// Names of people who are known by id only, such as whoever sent an invitation. Each is read once.
import { SvelteMap } from 'svelte/reactivity';
import { api, body } from '../../../api/api';
import { session } from '../../../state/session.svelte';
import { words } from '../../../texts';

const names = new SvelteMap<string, string>();
const asked = new Set<string>();

/** What somebody is called. It becomes known a moment later, or stays unknown if they are not seen. */
export function nameOf(id: string): string {
  if (id === session.me?.staff.id) return session.me.staff.display_name;
  if (!asked.has(id)) {
    asked.add(id);
    void read(id);
  }
  return names.get(id) ?? words.shared.unknownName;
}

async function read(id: string): Promise<void> {
  try {
    const person = await body(api.GET('/v1/staff/{id}', { params: { path: { id } } }));
    names.set(id, person.display_name);
  } catch {
    // They are gone or out of sight; they stay unknown.
  }
}
