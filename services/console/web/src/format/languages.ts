// Languages by their names.

let names: Intl.DisplayNames | undefined;

/** Such as "Portuguese" for `pt`; the tag itself where the browser does not know it. */
export function languageName(tag: string): string {
  try {
    names ??= new Intl.DisplayNames(undefined, { type: 'language' });
    return names.of(tag) ?? tag;
  } catch {
    return tag;
  }
}
