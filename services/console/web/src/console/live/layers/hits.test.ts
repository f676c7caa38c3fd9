// What lies at one spot.
import { expect, test } from 'vitest';
import { unique, type Hit } from './hits';

test('each thing at a spot is listed once, candidates first, cases last', () => {
  const hits: Hit[] = [
    { kind: 'case', id: 'c' }, { kind: 'person', id: 'a' }, { kind: 'person', id: 'b' }, { kind: 'person', id: 'a' }, { kind: 'candidate', id: 'b' }, { kind: 'case', id: 'c' },
  ];
  expect(unique(hits)).toEqual([{ kind: 'candidate', id: 'b' }, { kind: 'person', id: 'a' }, { kind: 'case', id: 'c' }]);
});

test('a person and a case of the same id are two things', () => {
  expect(unique([{ kind: 'person', id: 'x' }, { kind: 'case', id: 'x' }])).toHaveLength(2);
});
