// How the phones of one person are, as far as the API's list of phones in trouble tells.
import { api, body, type Schemas } from '../../../api/api';
import { session } from '../../../state/session.svelte';

/** Health of a phone. */
export type Health = Schemas['Page_DeviceHealth']['items'][number];

/** How many pages of phones in trouble are looked through for those of one person. */
const MOST_PAGES = 10;

/** Those of a person's phones that are in trouble, by id; null where that cannot be known. */
export async function healthOf(staff: string): Promise<Map<string, Health> | null> {
  if (!session.may('tracking:view')) return null;
  const found = new Map<string, Health>();
  let cursor: string | undefined;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await body(api.GET('/v1/devices', { params: { query: { trouble: 'any', limit: 200, cursor } } }));
    for (const phone of page.items) if (phone.staff_id === staff) found.set(phone.id, phone);
    if (!page.next_cursor) return found;
    cursor = page.next_cursor;
  }
  return null;
}
