// The check of a person and a time: which answer counts, and what an override must name.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Problem } from '../../../api/problem';
import { Check, type Checked } from './check.svelte';

type Asked = { path: string; body: Record<string, unknown>; answer: (value: unknown) => void };
const asked = vi.hoisted(() => [] as Asked[]);
vi.mock('../../../api/api', () => ({
  api: { POST: (path: string, { body }: { body: Record<string, unknown> }) => new Promise((answer) => { asked.push({ path, body, answer }); }) },
  body: (answer: unknown) => answer,
}));

const what = (startsAt: string): Checked => ({ staff: 'p', caseId: 'c', changed: undefined, times: { starts_at: startsAt }, zone: 'UTC', rules: null });
const found = (overrideRule?: string) => ({
  starts_at: '2026-11-29T12:00:00Z', ends_at: '2026-11-29T13:00:00Z', eta_min: null,
  against: overrideRule ? [{ code: 'double_booked', detail: 'busy', overridable: true, override_rule: overrideRule, meets: null }] : [],
});

beforeEach(() => { vi.useFakeTimers(); asked.length = 0; });
afterEach(() => { vi.useRealTimers(); });

test('a late answer about an older time is dropped', async () => {
  const check = new Check();
  const giveUp = check.ask(what('2026-11-29T12:00:00Z'));
  await vi.advanceTimersByTimeAsync(300);
  giveUp();
  check.ask(what('2026-11-29T15:00:00Z'));
  await vi.advanceTimersByTimeAsync(300);
  asked[1]!.answer(found());
  await vi.advanceTimersByTimeAsync(0);
  asked[0]!.answer(found('overlap'));
  await vi.advanceTimersByTimeAsync(0);
  expect(asked.map((one) => one.body['starts_at'])).toEqual(['2026-11-29T12:00:00Z', '2026-11-29T15:00:00Z']);
  expect(check.running).toBe(false);
  expect(check.overrides).toEqual([]);
});

test('a refusal is checked again, and counts for its own time only', async () => {
  const check = new Check();
  check.ask(what('2026-11-29T12:00:00Z'));
  await vi.advanceTimersByTimeAsync(300);
  asked[0]!.answer(found());
  await vi.advanceTimersByTimeAsync(0);
  check.refuse(new Problem(409, 'overlap', 'busy'));
  expect(check.overrides).toEqual(['overlap']);
  expect(check.running).toBe(true);
  await vi.advanceTimersByTimeAsync(300);
  asked[1]!.answer(found('overlap'));
  await vi.advanceTimersByTimeAsync(0);
  expect(check.overrides).toEqual(['overlap']);
  check.ask(what('2026-11-29T15:00:00Z'));
  await vi.advanceTimersByTimeAsync(300);
  asked[2]!.answer(found());
  await vi.advanceTimersByTimeAsync(0);
  expect(check.overrides).toEqual([]);
});

test('what no reason helps against is not overridden', () => {
  const check = new Check();
  check.ask(what('2026-11-29T12:00:00Z'));
  check.refuse(new Problem(409, 'case_closed', 'not open'));
  expect(check.overrides).toEqual([]);
});

test('after any refusal the same is checked again, and what no reason helps against is told', async () => {
  const check = new Check();
  check.ask(what('2026-11-29T12:00:00Z'));
  await vi.advanceTimersByTimeAsync(300);
  asked[0]!.answer(found());
  await vi.advanceTimersByTimeAsync(0);
  expect(check.impossible).toBe(false);
  check.refuse(new Problem(409, 'no_slot_free', 'see GET /v1/assignments'));
  expect(check.running).toBe(true);
  await vi.advanceTimersByTimeAsync(300);
  asked[1]!.answer({ ...found(), against: [{ code: 'no_slot_free', detail: 'taken', overridable: false, override_rule: null, meets: null }] });
  await vi.advanceTimersByTimeAsync(0);
  expect(check.impossible).toBe(true);
  expect(check.against).toHaveLength(1);
});

test('a fault that is no refusal asks nothing again', async () => {
  const check = new Check();
  check.ask(what('2026-11-29T12:00:00Z'));
  await vi.advanceTimersByTimeAsync(300);
  asked[0]!.answer(found());
  await vi.advanceTimersByTimeAsync(0);
  check.refuse(new Problem(412, 'precondition_failed', 'changed'));
  expect(check.running).toBe(false);
});
