// Events collected between two drawings.
import { expect, test } from 'vitest';
import { EventBatch } from './eventBatch';

const at = (staff_id: string, lat = 0) => ({ staff_id, lat });
const ids = (batch: EventBatch<{ staff_id: string; lat: number }>) => {
  const { reset, set, gone } = batch.take();
  return { reset, set: [...set.keys()], gone: [...gone] };
};

test('the newest event of a person counts', () => {
  const batch = new EventBatch<{ staff_id: string; lat: number }>();
  batch.position(at('a', 1));
  batch.position(at('a', 2));
  const { set } = batch.take();
  expect([...set.values()]).toEqual([at('a', 2)]);
  expect(batch.isEmpty).toBe(true);
});

test('who comes and goes between two drawings is gone, and the other way round is there', () => {
  const batch = new EventBatch<{ staff_id: string; lat: number }>();
  batch.position(at('a'));
  batch.vanished('a');
  batch.vanished('b');
  batch.position(at('b'));
  expect(ids(batch)).toEqual({ reset: false, set: ['b'], gone: ['a'] });
});

test('a snapshot makes what came before void', () => {
  const batch = new EventBatch<{ staff_id: string; lat: number }>();
  batch.position(at('a'));
  batch.vanished('b');
  batch.snapshot([at('c')]);
  batch.position(at('d'));
  expect(ids(batch)).toEqual({ reset: true, set: ['c', 'd'], gone: [] });
});

test('an empty snapshot is something to draw', () => {
  const batch = new EventBatch<{ staff_id: string; lat: number }>();
  batch.snapshot([]);
  expect(batch.isEmpty).toBe(false);
  expect(ids(batch)).toEqual({ reset: true, set: [], gone: [] });
});
