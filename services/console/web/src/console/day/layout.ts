// Where things stand on the timeline: clipping to the day, and lanes for what overlaps.
import type { Span } from '../dispatch/assign/against';

/** A place on the axis as shares of its length, with whether it begins before or ends after it. */
export type Place = { left: number; width: number; before: boolean; after: boolean };

/** The part of a span that lies within the axis; null when none does. */
export function placed(span: Span, axis: Span): Place | null {
  const from = Math.max(span.from, axis.from);
  const to = Math.min(span.to, axis.to);
  if (to < from || from >= axis.to || (to <= axis.from && span.from < axis.from)) return null;
  const length = axis.to - axis.from;
  return { left: (from - axis.from) / length, width: (to - from) / length, before: span.from < axis.from, after: span.to > axis.to };
}

/** Gives each span the first lane that is free, in the order of their starts. What is shorter than
 *  `shortest` is drawn that long and takes its lane for that time. */
export function inLanes<T extends Span>(spans: T[], shortest: number): { lanes: number; at: Map<T, number> } {
  const free: number[] = [];
  const at = new Map<T, number>();
  const ordered = [...spans].sort((one, other) => one.from - other.from || one.to - other.to);
  for (const span of ordered) {
    const found = free.findIndex((until) => until <= span.from);
    const lane = found < 0 ? free.length : found;
    free[lane] = Math.max(span.to, span.from + shortest);
    at.set(span, lane);
  }
  return { lanes: Math.max(1, free.length), at };
}

/** The instant at a share of the axis, on the nearest step. */
export function instantAt(share: number, axis: Span, step: number): number {
  const exact = axis.from + Math.min(1, Math.max(0, share)) * (axis.to - axis.from);
  return axis.from + Math.round((exact - axis.from) / step) * step;
}

/** A start that is moved along the axis, from one share of its length to another, on the nearest step. */
export function movedBy(start: number, from: number, to: number, axis: Span, step: number): number {
  return Math.round((start + (to - from) * (axis.to - axis.from)) / step) * step;
}

/** How strongly something at `at` pushes an edge, from -1 (against the first) to 1 (against the last).
 *  Only within `reach` of an edge, and not beyond it. */
export function pushAt(at: number, first: number, last: number, reach: number): number {
  if (at < first || at > last) return 0;
  const before = reach - (at - first);
  const after = reach - (last - at);
  // In what is narrower than both reaches the nearer edge counts.
  if (before > 0 && before >= after) return -before / reach;
  return after > 0 ? after / reach : 0;
}
