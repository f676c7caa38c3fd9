// Which addresses show the same page, so that the place in it is kept between them. Pure.
import type { Kind } from './settings/collections/kinds';

/** The parts of the settings that show one thing in a dialog above their list. */
const LISTS: readonly string[] = ['services', 'departments', 'groups', 'tags', 'queues'] satisfies Kind[];

/** The page of an address below the console: all parts of a person are one, and a list with its dialogs. */
export function screenOf(pathname: string): string {
  const words = pathname.split('/').filter(Boolean);
  const [page, part] = words;
  const one = page === 'people' || (page === 'settings' && LISTS.includes(part ?? ''));
  return (one ? words.slice(0, 2) : words).join('/');
}
