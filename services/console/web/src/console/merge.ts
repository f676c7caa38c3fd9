// What a form changed, and how its changes are put over a version that somebody else wrote
// meanwhile. Pure.

/** A form: fields that JSON can hold. */
export type Form = Record<string, unknown>;

/** Whether two JSON values are the same. Key order does not count. */
export function same(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return false;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every((key) => key in other && same(Reflect.get(one, key), Reflect.get(other, key)));
}

/** The fields of a form that differ from what is stored: a merge patch. */
export function changed<F extends Form>(stored: F, form: F): Partial<F> {
  const differ = Object.entries(form).filter(([name, value]) => !same(stored[name], value));
  return Object.fromEntries(differ) as Partial<F>;
}

/** Puts a form's changes over a fresh version. `clashes` names the fields that both sides changed
    to different values; there the form's value stays. */
export function rebase<F extends Form>(stored: F, form: F, fresh: F): { form: F; clashes: (keyof F & string)[] } {
  const mine = changed(stored, form);
  const clashes = Object.keys(mine).filter((name) => !same(stored[name], fresh[name]) && !same(mine[name], fresh[name]));
  return { form: { ...fresh, ...mine }, clashes };
}

/** Empty texts as null, which clears what is stored. */
export function emptyAsNull(fields: Form): Form {
  const value = (one: unknown) => (typeof one === 'string' ? one.trim() || null : one);
  return Object.fromEntries(Object.entries(fields).map(([name, one]) => [name, value(one)]));
}
