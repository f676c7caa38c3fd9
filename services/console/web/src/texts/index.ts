// The words of both pages. Each language is a folder with one file for each area, so a translator
// copies `en/` and the compiler names what is missing. English is the first language.
import { en } from './en';

/** What a language must have. */
export type Words = typeof en;

const languages: Record<string, Words> = { en };

function chosen(): Words {
  for (const tag of globalThis.navigator?.languages ?? []) {
    const found = languages[tag.toLowerCase().split('-')[0]!];
    if (found) return found;
  }
  return en;
}

/** The words in the reader's language. */
export const words: Words = chosen();
