// What one may do in the organisation, by the API's word for it. Unlike a single permission it
// counts access level and scopes too.
import { session } from '../../../state/session.svelte';

/** Such as `edit_settings`. */
export function can(action: string): boolean {
  return session.me?.actions.some((one) => one.action === action) ?? false;
}
