// Columns of a table of people, as people read them.

/** Such as "First name" for `first_name`. */
export function columnName(column: string): string {
  const spaced = column.replaceAll('_', ' ').trim();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** Where a fault is in a file that cannot be read: `/3`, `/1/2` or `/1/2: name`. */
export type FilePlace = { line: number; column: number | null; name: string | null };

/** Reads the place of a fault; null when the whole file is meant. */
export function filePlace(pointer: string): FilePlace | null {
  const found = /^\/(\d+)(?:\/(\d+)(?:: (.*))?)?$/s.exec(pointer);
  if (!found) return null;
  return { line: Number(found[1]), column: found[2] ? Number(found[2]) : null, name: found[3]?.replaceAll('~1', '/').replaceAll('~0', '~') ?? null };
}
