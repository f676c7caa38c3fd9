// What a new password must have, as far as a page can tell. The API also refuses what is easy to guess.
import { words } from '../../texts';

const MIN_CHARS = 15;

/** What is wrong with it; empty when nothing is. */
export function passwordFault(password: string): string {
  const count = [...password].length;
  return count < MIN_CHARS ? words.account.short(count) : '';
}
