import { expect, test } from 'vitest';
import { BATCH, FRESH, after, hurry, waitMs, type Pace } from './plan';

const NOW = 1_000_000;
const answer = (status: number, retryAfterS: number | null = null) => ({ status, retryAfterS });

/** The pace after failures in a row. */
function failed(times: number, status = 503): Pace {
  let pace = FRESH;
  for (let time = 0; time < times; time++) pace = after(pace, 10, answer(status), NOW, 0).pace;
  return pace;
}

test('nothing is sent when nothing waits, and at once when something does', () => {
  expect(waitMs(FRESH, 0, NOW)).toBeNull();
  expect(waitMs(FRESH, 1, NOW)).toBe(0);
});

test('what the server took is forgotten, and the next batch goes at once', () => {
  const { pace, forget } = after(failed(4), 10, answer(200), NOW, 0.5);
  expect(forget).toBe(true);
  expect(pace).toEqual(FRESH);
});

test('waits double from one second up to five minutes', () => {
  const waits = [1, 2, 3, 4, 9, 10, 40].map((times) => failed(times).notBefore - NOW);
  expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 256_000, 300_000, 300_000]);
});

test('Retry-After is obeyed, and lengthened by a random part at most', () => {
  for (const status of [429, 503]) {
    const { pace, forget } = after(FRESH, 10, answer(status, 20), NOW, 1);
    expect(forget).toBe(false);
    expect(pace.trouble).toBe('busy');
    expect(pace.notBefore - NOW).toBeCloseTo(26_000);
    expect(waitMs(pace, 5, NOW + 10_000)).toBeCloseTo(16_000);
  }
});

test('a network that is back ends the wait for the network, and for nothing else', () => {
  expect(waitMs(hurry(failed(8, 0)), 1, NOW)).toBe(0);
  expect(waitMs(hurry(failed(8, 503)), 1, NOW)).toBeGreaterThan(0);
});

test('a revoked device keeps everything and sends no more', () => {
  const { pace, forget } = after(FRESH, 10, answer(401), NOW, 0);
  expect(forget).toBe(false);
  expect(waitMs(pace, 10, NOW + 1e9)).toBeNull();
});

test('too large a batch is halved until what cannot be taken is alone, and then let go', () => {
  let pace = FRESH;
  const sizes = [];
  for (let sent = BATCH; ; sent = pace.batch) {
    sizes.push(sent);
    const next = after(pace, sent, answer(413), NOW, 0);
    pace = next.pace;
    if (next.forget) break;
    expect(waitMs(pace, sent, NOW)).toBe(0);
  }
  expect(sizes).toEqual([100, 50, 25, 13, 7, 4, 2, 1]);
  expect(pace.batch).toBe(BATCH);
});

test('a request that was garbled on the way is sent again', () => {
  const { pace, forget } = after(FRESH, 1, answer(400), NOW, 0);
  expect([forget, pace.trouble, pace.notBefore - NOW]).toEqual([false, 'refused', 1_000]);
});
