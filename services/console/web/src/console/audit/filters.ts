// The filters of the audit trail, as the address and the API name them. Pure.

/** Their names. */
export const FILTERS = ['actor', 'subject', 'subject_kind', 'action', 'from', 'to'] as const;

/** Each filter; '' where it is not set. */
export type Filters = Record<(typeof FILTERS)[number], string>;

/** The changes that change something. */
export function differing(filters: Filters, changes: Partial<Filters>): Partial<Filters> {
  return Object.fromEntries(Object.entries(changes).filter(([name, value]) => filters[name as keyof Filters] !== value));
}

/** Those that are set. */
export function filled(filters: Filters): Partial<Filters> {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== ''));
}
