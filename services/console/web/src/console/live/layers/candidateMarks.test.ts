// Candidates at one point.
import { expect, test } from 'vitest';
import type { ShownCandidate } from '../overlay.svelte';
import { marksOf, namesLabel, rankLabel } from './candidateMarks';

const at = (rank: number, lng: number): ShownCandidate => ({ staff_id: `p${rank}`, rank, name: `Person ${rank}`, position: { lat: 38.7, lng }, live: false });

test('those at one point are one mark that tells their ranks', () => {
  const marks = marksOf([at(1, -9.1), at(5, -9.2), at(3, -9.3), at(2, -9.2), at(4, -9.3), at(6, -9.2)]);
  expect(marks.map(rankLabel)).toEqual(['1', '2 +2', '3, 4']);
  expect(marks[1]!.people.map((one) => one.staff_id)).toEqual(['p2', 'p5', 'p6']);
});

test('the names tell the best, or the one that is looked at', () => {
  const [one, three] = marksOf([at(1, -9.1), at(2, -9.2), at(5, -9.2), at(6, -9.2)]);
  expect(namesLabel(one!, null)).toBe('Person 1');
  expect(namesLabel(three!, null)).toBe('Person 2 +2');
  expect(namesLabel(three!, 'p6')).toBe('Person 6');
  expect(namesLabel(marksOf([at(3, 0), at(4, 0)])[0]!, null)).toBe('Person 3, Person 4');
});
