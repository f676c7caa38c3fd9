// Corners as people write them: a line each, latitude first. Pure.
import { readPair } from '../shared/pair';
import { rounded, type Ring } from './area';

/** A ring that was read, or the first line that is no corner. */
export type RingRead = { ring: Ring } | { line: number };

/** Reads lines such as "38.7169, -9.1399". Empty lines do not count. */
export function readRing(text: string): RingRead {
  const lines = text.split('\n');
  const ring: [number, number][] = [];
  for (const [at, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const pair = readPair(line);
    if (!pair) return { line: at + 1 };
    ring.push(rounded(pair[1], pair[0]) as [number, number]);
  }
  return { ring };
}

/** Which corner a place in the text belongs to. */
export function cornerAtOffset(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').slice(0, -1).filter((line) => line.trim() !== '').length;
}
