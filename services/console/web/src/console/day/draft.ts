// What the dialog of an assignment is about, what is written in it, and what that asks of the API.
import type { Schemas } from '../../api/api';
import { instantOf, localOf } from '../../format/zoned';
import { goodMinutes, type Span } from '../dispatch/assign/against';
import type { Booking, Someone } from './types';

type Case = Schemas['Page_Case']['items'][number];

/** Where something was dropped. */
export type Landing = { staff: string; name: string; startsAt: number };

/** An assignment that changes, or a case that gets one. */
export type Subject =
  | { kind: 'move'; booking: Booking; holder: Someone; to?: Landing | undefined }
  | { kind: 'assign'; one: Case; to?: Landing | undefined };

/** What is written in the dialog. Without a start it is as soon as possible. */
export type Draft = { person: Someone | null; soon: boolean; start: string; minutes: number | null };

const MINUTE_MS = 60_000;

const field = (at: number, zone: string) => localOf(new Date(at).toISOString(), zone);

/** The work of an assignment without its drive, in whole minutes. */
export function workMinutes(booking: Booking): number {
  return Math.max(1, Math.round((booking.to - booking.from) / MINUTE_MS - (booking.etaMin ?? 0)));
}

/** What the dialog shows at first. */
export function draftOf(subject: Subject, zone: string, now: number): Draft {
  const { to } = subject;
  if (subject.kind === 'move') {
    const person = to ? { id: to.staff, name: to.name } : subject.holder;
    return { person, soon: false, start: field(to?.startsAt ?? subject.booking.from, zone), minutes: workMinutes(subject.booking) };
  }
  const { one } = subject;
  // Work of an earlier day that still waits is done now.
  const late = one.starts_at && field(Date.parse(one.starts_at), zone).slice(0, 10) < field(now, zone).slice(0, 10);
  const at = to?.startsAt ?? (late ? now : one.starts_at ? Date.parse(one.starts_at) : null);
  return { person: to ? { id: to.staff, name: to.name } : null, soon: at === null, start: field(at ?? now, zone), minutes: one.duration_min ?? 60 };
}

/** Whether the start that is written differs from what there is. */
function startChanged(subject: Subject, draft: Draft, zone: string): boolean {
  if (subject.kind === 'move') return draft.start !== field(subject.booking.from, zone);
  return !draft.soon && (!subject.one.starts_at || draft.start !== localOf(subject.one.starts_at, zone));
}

/** Whether the API will reckon the time from now on: work as soon as possible, or somebody else who
 *  takes such work over. */
export function beginsSoon(subject: Subject, draft: Draft, zone: string): boolean {
  if (subject.kind === 'assign') return draft.soon;
  const other = draft.person !== null && draft.person.id !== subject.holder.id;
  return other && subject.booking.etaMin !== null && !startChanged(subject, draft, zone);
}

/** The time that would be held; null while a field is wrong. `etaMin` is the drive of the one chosen. */
export function plannedSpan(subject: Subject, draft: Draft, zone: string, now: number, etaMin: number): Span | null {
  if (!goodMinutes(draft.minutes)) return null;
  const work = draft.minutes * MINUTE_MS;
  if (beginsSoon(subject, draft, zone)) return { from: now, to: now + etaMin * MINUTE_MS + work };
  if (subject.kind === 'move' && !startChanged(subject, draft, zone)) {
    const { from, etaMin: drive } = subject.booking;
    return { from, to: from + (drive ?? 0) * MINUTE_MS + work };
  }
  const start = instantOf(draft.start, zone);
  return start === null ? null : { from: Date.parse(start), to: Date.parse(start) + work };
}

/** The times that a request names: only what differs. */
export function timesAsked(subject: Subject, draft: Draft, zone: string): { starts_at?: string; duration_min?: number } {
  const before = subject.kind === 'move' ? workMinutes(subject.booking) : subject.one.duration_min;
  const start = startChanged(subject, draft, zone) ? instantOf(draft.start, zone) : null;
  return {
    ...(start === null ? {} : { starts_at: start }),
    ...(draft.minutes !== null && draft.minutes !== before ? { duration_min: draft.minutes } : {}),
  };
}

/** Whether saving would change anything. */
export function asksSomething(subject: Subject, draft: Draft, zone: string): boolean {
  if (draft.person === null) return false;
  if (subject.kind === 'assign') return true;
  return draft.person.id !== subject.holder.id || Object.keys(timesAsked(subject, draft, zone)).length > 0;
}
