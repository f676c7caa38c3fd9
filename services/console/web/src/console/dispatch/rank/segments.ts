// The bar of a score: one segment for each term, in the API's order. What is written on the segments
// adds up to what is written as the score.
import type { Schemas } from '../../../api/api';

type Term = Pick<Schemas['Term'], 'term' | 'weight' | 'micropoints'>;

/** A piece of the bar. */
export type Segment = {
  term: string;
  /** Points with one decimal, as they are written. */
  points: string;
  /** The most that this term can give in this case, with one decimal. */
  most: string;
  /** Its length in per cent of the bar, whose whole length is 100 points. */
  width: number;
  micropoints: number;
};

const MICRO = 1_000_000;
const TENTH = MICRO / 10;

/** Micro-points as points with one decimal. */
export function points(micropoints: number): string {
  return (Math.round(micropoints / TENTH) / 10).toFixed(1);
}

/** Whole tenths for each part, which add up to the rounded whole: those with the largest remainders
 *  are rounded up (Hamilton's method). */
export function tenths(parts: number[]): number[] {
  const whole = Math.round(parts.reduce((sum, part) => sum + part, 0) / TENTH);
  const floors = parts.map((part) => Math.floor(part / TENTH));
  const missing = whole - floors.reduce((sum, part) => sum + part, 0);
  const byRemainder = parts.map((part, at) => ({ at, rest: part % TENTH })).sort((a, b) => b.rest - a.rest || a.at - b.at);
  for (const { at } of byRemainder.slice(0, missing)) floors[at]! += 1;
  return floors;
}

/** The segments of a candidate's terms. */
export function segments(terms: Term[]): Segment[] {
  const weights = terms.reduce((sum, term) => sum + term.weight, 0);
  const written = tenths(terms.map((term) => term.micropoints));
  return terms.map((term, at) => ({
    term: term.term,
    points: (written[at]! / 10).toFixed(1),
    most: (weights > 0 ? (100 * term.weight) / weights : 0).toFixed(1),
    width: term.micropoints / MICRO,
    micropoints: term.micropoints,
  }));
}
