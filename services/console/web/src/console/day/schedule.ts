// Reads a day's plan: people with their hours, absences and assignments, page by page.
import { api, body, type Schemas } from '../../api/api';
import { all } from '../../api/pager.svelte';
import { Problem } from '../../api/problem';
import { workingIn } from './hours';
import type { Booking, BookingState, PersonDay, Span } from './types';

type Assignment = Schemas['Page_Assignment']['items'][number];
type Staff = Schemas['Staff'];

/** Whose plan is asked for, and of when. */
export type Question = { span: Span; zone: string; department: string | null; search: string };

/** People of a plan, and where the next page begins. */
export type PlanPage = { people: PersonDay[]; next: string | null };

/** People on a page. */
export const PAGE = 50;

const iso = (at: number) => new Date(at).toISOString();
const spanOf = (one: { starts_at: string; ends_at: string }): Span => ({ from: Date.parse(one.starts_at), to: Date.parse(one.ends_at) });

/** An assignment of the API as the timeline draws it. */
export function bookingOf(one: Assignment | Schemas['Assignment']): Booking {
  return {
    ...spanOf(one), id: one.id, caseId: one.case_id, caseNumber: one.case_number, caseTitle: one.case_title,
    state: one.state as BookingState, etaMin: one.eta_min ?? null, overrideReason: one.override_reason ?? null,
  };
}

/** A page of people with their plan. */
export async function readPlan(question: Question, cursor: string | null, signal: AbortSignal): Promise<PlanPage> {
  const { span, zone, department, search } = question;
  const query = { active: true, limit: PAGE, ...(department ? { department } : {}), ...(search ? { q: search } : {}), ...(cursor ? { cursor } : {}) };
  const [page, held] = await Promise.all([
    body(api.GET('/v1/staff', { params: { query }, signal })),
    readAssignments(span, signal),
  ]);
  const people = await Promise.all(page.items.map(async (one) =>
    personDay(one, held.filter((booking) => booking.staff_id === one.id), await readTimeOff(one.id, span, signal), span, zone)));
  return { people, next: page.next_cursor ?? null };
}

/** The open cases that begin on a day; with `soon` also those that are to be done as soon as possible. */
export async function readUnassigned(span: Span, soon: boolean, signal: AbortSignal): Promise<Schemas['Page_Case']['items']> {
  const times = soon ? {} : { from: iso(span.from), to: iso(span.to) };
  const open = await all((cursor) => body(api.GET('/v1/cases', {
    params: { query: { state: 'open', limit: 200, ...times, ...(cursor ? { cursor } : {}) } }, signal,
  })), 1_000);
  const due = open.filter((one) => {
    const at = one.starts_at ? Date.parse(one.starts_at) : null;
    return at === null ? soon : at >= span.from && at < span.to;
  });
  const order = (one: (typeof due)[number]) => (one.starts_at ? Date.parse(one.starts_at) : 0);
  return due.sort((one, other) => Number(other.urgent) - Number(one.urgent) || order(one) - order(other));
}

function readAssignments(span: Span, signal: AbortSignal): Promise<Assignment[]> {
  const query = { from: iso(span.from), to: iso(span.to), limit: 200 };
  return all((cursor) => body(api.GET('/v1/assignments', { params: { query: { ...query, ...(cursor ? { cursor } : {}) } }, signal })));
}

/** A person's absences; none where the reader may not see them. */
async function readTimeOff(id: string, span: Span, signal: AbortSignal): Promise<Span[]> {
  try {
    const { items } = await body(api.GET('/v1/staff/{id}/time-off', { params: { path: { id }, query: { limit: 200 } }, signal }));
    return items.map(spanOf).filter((one) => one.from < span.to && one.to > span.from);
  } catch (thrown) {
    if (thrown instanceof Problem && (thrown.status === 403 || thrown.status === 404)) return [];
    throw thrown;
  }
}

function personDay(one: Staff | Schemas['Page_Staff']['items'][number], held: Assignment[], timeOff: Span[], span: Span, zone: string): PersonDay {
  return {
    id: one.id,
    name: one.display_name ?? '',
    photo: one.photo ?? null,
    working: one.working_hours ? workingIn(span, one.working_hours as Schemas['Shift'][], one.time_zone ?? zone) : null,
    timeOff,
    pauses: [],
    bookings: held.filter((booking) => booking.state !== 'cancelled').map(bookingOf).sort((a, b) => a.from - b.from),
  };
}
