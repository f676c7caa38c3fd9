// The case that is being made, kept while one looks at something else on the map.
import type { Draft } from './draft';

/** Null when none is begun. */
export const kept: { draft: Draft | null } = { draft: null };
