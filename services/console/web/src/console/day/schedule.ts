// Reads a day's plan: people with their hours, absences and assignments, page by page.
import { api, body, type Schemas } from '../../api/api';
import { all } from '../../api/pager.svelte';
import type { Span } from '../dispatch/assign/against';
import type { Booking, BookingState, PersonDay, Planned } from './types';

type Person = Schemas['Page_PersonSchedule']['items'][number];

/** Whose plan is asked for, and of when. */
export type Question = { span: Span; department: string | null; search: string };

/** People of a plan, and where the next page begins. */
export type PlanPage = { people: PersonDay[]; next: string | null };

/** People on a page. */
const PAGE = 50;

const iso = (at: number) => new Date(at).toISOString();
const spanOf = (one: { starts_at: string; ends_at: string }): Span => ({ from: Date.parse(one.starts_at), to: Date.parse(one.ends_at) });

/** An assignment of the API as the timeline draws it. The schedule says nothing of the drive. */
export function bookingOf(one: Schemas['Assignment'] | Schemas['HeldWork']): Booking {
  return {
    ...spanOf(one), id: one.id, caseId: one.case_id, caseNumber: one.case_number, caseTitle: one.case_title,
    state: one.state as BookingState, etaMin: 'eta_min' in one ? one.eta_min ?? null : null, overrideReason: one.override_reason ?? null,
  };
}

/** A page of people with their plan. */
export async function readPlan({ span, department, search }: Question, cursor: string | null, signal: AbortSignal): Promise<PlanPage> {
  const query = {
    from: iso(span.from), to: iso(span.to), limit: PAGE,
    ...(department ? { department } : {}), ...(search ? { q: search } : {}), ...(cursor ? { cursor } : {}),
  };
  const { items, next_cursor } = await body(api.GET('/v1/schedule', { params: { query }, signal }));
  return { people: items.map(personDay), next: next_cursor };
}

/** The open cases that begin on a day. With `soon`, which is for today, also those that are to be done
 *  as soon as possible, and those of earlier days that nobody has taken. */
export async function readUnassigned(span: Span, soon: boolean, signal: AbortSignal): Promise<Schemas['Page_Case']['items']> {
  const times = soon ? {} : { from: iso(span.from), to: iso(span.to) };
  const open = await all((cursor) => body(api.GET('/v1/cases', {
    params: { query: { state: 'open', limit: 200, ...times, ...(cursor ? { cursor } : {}) } }, signal,
  })), 1_000);
  const due = open.filter((one) => {
    const at = one.starts_at ? Date.parse(one.starts_at) : null;
    return at === null ? soon : (soon || at >= span.from) && at < span.to;
  });
  const order = (one: (typeof due)[number]) => (one.starts_at ? Date.parse(one.starts_at) : 0);
  return due.sort((one, other) => Number(other.urgent) - Number(one.urgent) || order(one) - order(other));
}

function personDay(one: Person): PersonDay {
  return {
    id: one.staff_id,
    name: one.staff_name,
    working: one.working_hours?.map(spanOf) ?? null,
    timeOff: one.time_off.map(spanOf),
    bookings: (one.assignments ?? []).map(plannedOf).sort((a, b) => a.from - b.from),
  };
}

function plannedOf(one: Schemas['HeldWork']): Planned {
  return { ...bookingOf(one), against: one.conflicts };
}
