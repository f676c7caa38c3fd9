// What a form has changed, and how it takes in what others changed meanwhile. Each field is merged by
// itself: what was typed stays, the rest follows what is stored.

/** The fields of a form. */
export type Fields = Record<string, unknown>;

/** Whether two values are the same when written as JSON. */
export function same(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The fields of `typed` that differ from what they were filled with. */
export function changed<T extends Fields>(base: T, typed: T): Partial<T> {
  const names = (Object.keys(typed) as (keyof T)[]).filter((name) => !same(base[name], typed[name]));
  return Object.fromEntries(names.map((name) => [name, typed[name]])) as Partial<T>;
}

/** The form after something newer was read: untouched fields follow it, touched ones stay. */
export function merged<T extends Fields>(base: T, typed: T, stored: T): T {
  return { ...stored, ...changed(base, typed) };
}

/** Empty texts as null, which clears what is stored. */
export function emptyAsNull(fields: Fields): Fields {
  const value = (one: unknown) => (typeof one === 'string' ? one.trim() || null : one);
  return Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, value(one)]));
}
