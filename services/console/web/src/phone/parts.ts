// The parts of the phone page, by the fragment of its address.

/** In the order of the bar. */
export const PARTS = ['now', 'work', 'time', 'data'] as const;
export type Part = (typeof PARTS)[number];

/** The part that a fragment names; `#apps` is a place within one's data. */
export function partOf(hash: string): Part {
  const name = hash.slice(1);
  if (name === 'apps') return 'data';
  return PARTS.find((part) => part === name) ?? 'now';
}
