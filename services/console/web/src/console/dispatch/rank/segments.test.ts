// Segments add up, to the digit that is shown.
import { expect, test } from 'vitest';
import { points, segments, tenths } from './segments';

const terms = [
  { term: 'travel', weight: 32, micropoints: 36_781_609 },
  { term: 'service', weight: 14, micropoints: 12_068_965 },
  { term: 'region', weight: 9, micropoints: 10_344_827 },
  { term: 'skill', weight: 12, micropoints: 13_103_448 },
  { term: 'language', weight: 5, micropoints: 5_747_126 },
  { term: 'workload', weight: 9, micropoints: 5_179_303 },
  { term: 'availability', weight: 6, micropoints: 6_896_551 },
];

test('what is written on the segments adds up to the written score', () => {
  const score = terms.reduce((sum, term) => sum + term.micropoints, 0);
  const written = segments(terms).reduce((sum, segment) => sum + Number(segment.points), 0);
  expect(written.toFixed(1)).toBe(points(score));
  expect(points(score)).toBe('90.1');
});

test('the widths add up to the score, and the most of all terms to 100', () => {
  const all = segments(terms);
  expect(all.reduce((sum, segment) => sum + segment.width, 0)).toBeCloseTo(90.121829, 6);
  expect(all.reduce((sum, segment) => sum + Number(segment.most), 0)).toBeCloseTo(100, 0);
});

test('any parts add up to their rounded whole', () => {
  for (let seed = 1; seed < 500; seed += 1) {
    const parts = Array.from({ length: 9 }, (_, at) => ((seed * 7_919 + at * 104_729) * 31_337) % 12_000_000);
    const whole = Math.round(parts.reduce((sum, part) => sum + part, 0) / 100_000);
    expect(tenths(parts).reduce((sum, part) => sum + part, 0)).toBe(whole);
  }
});

test('nothing earned is no segment of any width', () => {
  expect(segments([{ term: 'panel', weight: 0, micropoints: 0 }])).toEqual([{ term: 'panel', points: '0.0', most: '0.0', width: 0, micropoints: 0 }]);
  expect(segments([])).toEqual([]);
});
