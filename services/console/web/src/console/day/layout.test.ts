import { expect, test } from 'vitest';
import { inLanes, instantAt, movedBy, placed, pushAt } from './layout';

const axis = { from: 0, to: 100 };

test('a span is clipped to the axis and says so', () => {
  expect(placed({ from: 25, to: 50 }, axis)).toEqual({ left: 0.25, width: 0.25, before: false, after: false });
  expect(placed({ from: -10, to: 50 }, axis)).toEqual({ left: 0, width: 0.5, before: true, after: false });
  expect(placed({ from: 90, to: 130 }, axis)).toEqual({ left: 0.9, width: expect.closeTo(0.1), before: false, after: true });
});

test('what only touches the axis is not on it', () => {
  expect(placed({ from: -10, to: 0 }, axis)).toBeNull();
  expect(placed({ from: 100, to: 120 }, axis)).toBeNull();
  expect(placed({ from: 200, to: 220 }, axis)).toBeNull();
});

test('an empty span within the axis is kept', () => {
  expect(placed({ from: 0, to: 0 }, axis)).toEqual({ left: 0, width: 0, before: false, after: false });
});

test('what overlaps is in lanes of its own, what does not shares one', () => {
  const [a, b, c] = [{ from: 0, to: 10 }, { from: 5, to: 15 }, { from: 10, to: 20 }];
  const { lanes, at } = inLanes([c, a, b], 0);
  expect(lanes).toBe(2);
  expect([at.get(a), at.get(b), at.get(c)]).toEqual([0, 1, 0]);
});

test('short spans take the room that they are drawn with', () => {
  const [a, b] = [{ from: 0, to: 1 }, { from: 3, to: 9 }];
  expect(inLanes([a, b], 0).lanes).toBe(1);
  expect(inLanes([a, b], 5).lanes).toBe(2);
  expect(inLanes([], 5).lanes).toBe(1);
});

test('a point of the axis is an instant on a step', () => {
  expect(instantAt(0.52, axis, 5)).toBe(50);
  expect(instantAt(-1, axis, 5)).toBe(0);
  expect(instantAt(2, axis, 5)).toBe(100);
});

test('a start moves by the shares of the axis, wherever that is on the screen', () => {
  expect(movedBy(30, 0.25, 0.5, axis, 5)).toBe(55);
  expect(movedBy(30, 0.5, 0.25, axis, 5)).toBe(5);
  expect(movedBy(33, 0.5, 0.51, axis, 5)).toBe(35);
});

test('an edge is pushed more the nearer one is, and not from outside', () => {
  expect(pushAt(0, 0, 200, 40)).toBe(-1);
  expect(pushAt(20, 0, 200, 40)).toBe(-0.5);
  expect(pushAt(100, 0, 200, 40)).toBe(0);
  expect(pushAt(200, 0, 200, 40)).toBe(1);
  expect(pushAt(201, 0, 200, 40)).toBe(0);
  expect(pushAt(-1, 0, 200, 40)).toBe(0);
  expect(pushAt(10, 0, 50, 40)).toBe(-0.75);
});
