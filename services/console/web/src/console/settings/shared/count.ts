// How many things a change would touch, as far as one page of a list tells.
import { words } from '../../../texts';

type Page = { items: unknown[]; next_cursor?: string | null };

/** The longest page that the API gives. */
export const PAGE = 200;

/** Such as "12 people" or "200 people or more". */
export async function counted(ask: Promise<Page>, one: string, many: string): Promise<string> {
  const { items, next_cursor } = await ask;
  return words.settings.counted(items.length, next_cursor !== null && next_cursor !== undefined, items.length === 1 ? one : many);
}
