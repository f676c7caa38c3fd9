import { expect, test } from 'vitest';
import { asksSomething, beginsSoon, draftOf, plannedSpan, timesAsked, type Subject } from './draft';
import type { Booking } from './types';

const zone = 'Europe/Lisbon';
const at = (text: string) => Date.parse(text);
const now = at('2026-11-29T12:00:00Z');
const holder = { id: 'ana', name: 'Ana' };
const booking = (etaMin: number | null): Booking => ({
  id: 'a', from: at('2026-11-29T14:00:20Z'), to: at('2026-11-29T15:00:20Z'), caseId: 'c', caseNumber: '7', caseTitle: 'C', state: 'assigned', etaMin, overrideReason: null,
});
const moving = (etaMin: number | null, to?: { staff: string; name: string; startsAt: number }): Subject => ({ kind: 'move', booking: booking(etaMin), holder, to });

test('a dialog that is opened and left as it is asks nothing', () => {
  const subject = moving(null);
  const draft = draftOf(subject, zone, now);
  expect(draft).toEqual({ person: holder, soon: false, start: '2026-11-29T14:00', minutes: 60 });
  expect(timesAsked(subject, draft, zone)).toEqual({});
  expect(asksSomething(subject, draft, zone)).toBe(false);
  expect(plannedSpan(subject, draft, zone, now, 0)).toEqual({ from: booking(null).from, to: booking(null).to });
});

test('a drop brings its person and time along', () => {
  const subject = moving(null, { staff: 'bo', name: 'Bo', startsAt: at('2026-11-29T16:00:00Z') });
  const draft = draftOf(subject, zone, now);
  expect(draft.person).toEqual({ id: 'bo', name: 'Bo' });
  expect(timesAsked(subject, draft, zone)).toEqual({ starts_at: '2026-11-29T16:00:00Z' });
  expect(plannedSpan(subject, draft, zone, now, 0)).toEqual({ from: at('2026-11-29T16:00:00Z'), to: at('2026-11-29T17:00:00Z') });
});

test('work as soon as possible begins anew with somebody else, and not with a start that is set', () => {
  const subject = moving(12);
  const draft = { ...draftOf(subject, zone, now), person: { id: 'bo', name: 'Bo' } };
  expect(draft.minutes).toBe(48);
  expect(beginsSoon(subject, draft, zone)).toBe(true);
  expect(plannedSpan(subject, draft, zone, now, 20)).toEqual({ from: now, to: now + 68 * 60_000 });
  const set = { ...draft, start: '2026-11-29T17:00' };
  expect(beginsSoon(subject, set, zone)).toBe(false);
});

test('a waiting case without a start is as soon as possible until a start is chosen', () => {
  const subject: Subject = { kind: 'assign', one: { id: 'c', starts_at: null, duration_min: 30 } as never };
  const draft = { ...draftOf(subject, zone, now), person: holder };
  expect(draft.soon).toBe(true);
  expect(timesAsked(subject, draft, zone)).toEqual({});
  expect(timesAsked(subject, { ...draft, soon: false, start: '2026-11-29T18:00' }, zone)).toEqual({ starts_at: '2026-11-29T18:00:00Z' });
});

test('a waiting case of an earlier day is done now unless another time is chosen', () => {
  const of = (starts_at: string): Subject => ({ kind: 'assign', one: { id: 'c', starts_at, duration_min: 30 } as never });
  const late = { ...draftOf(of('2026-11-27T09:00:00Z'), zone, now), person: holder };
  expect(late.start).toBe('2026-11-29T12:00');
  expect(timesAsked(of('2026-11-27T09:00:00Z'), late, zone)).toEqual({ starts_at: '2026-11-29T12:00:00Z' });
  expect(draftOf(of('2026-11-29T09:00:00Z'), zone, now).start).toBe('2026-11-29T09:00');
});

test('a wrong field plans nothing', () => {
  const subject = moving(null);
  const draft = draftOf(subject, zone, now);
  expect(plannedSpan(subject, { ...draft, minutes: null }, zone, now, 0)).toBeNull();
  expect(plannedSpan(subject, { ...draft, start: '' }, zone, now, 0)).toBeNull();
});
