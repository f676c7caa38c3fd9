// People's names as the settings show them.
import { nameOf } from '../../../state/names.svelte';
import { words } from '../../../texts';

/** A person's name; "…" until it has come. */
export function personName(id: string): string {
  const name = nameOf('staff', id);
  return name === undefined ? '…' : name ?? words.settings.unknownPerson;
}
