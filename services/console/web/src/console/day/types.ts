// A day's plan as the timeline draws it. Instants are milliseconds since 1970.
import type { Span } from '../dispatch/assign/against';

/** What speaks against an assignment: other work, an absence (null: not among what is loaded), or
 *  another rule. */
export type Conflict =
  | { kind: 'double_booked'; with: Booking | null }
  | { kind: 'time_off'; span: Span | null }
  | { kind: 'rule'; code: string };

/** How far an assignment has come. */
export type BookingState = 'assigned' | 'en_route' | 'on_site' | 'done' | 'cancelled';

/** Whether nothing can be changed any more. */
export const hasEnded = (state: BookingState): boolean => state === 'done' || state === 'cancelled';

/** An assignment in the plan. */
export type Booking = Span & {
  id: string;
  caseId: string;
  caseNumber: string;
  caseTitle: string;
  state: BookingState;
  /** Minutes of drive at its start; null for a fixed start, and in a plan. */
  etaMin: number | null;
  overrideReason: string | null;
};

/** An assignment in a plan, with the rules that speak against it. */
export type Planned = Booking & { against: string[] };

/** A person's day. */
export type PersonDay = {
  id: string;
  name: string;
  /** Null: no hours are recorded, so any hour counts as working. */
  working: Span[] | null;
  timeOff: Span[];
  bookings: Planned[];
};

/** The least that is needed to name a person. */
export type Someone = { id: string; name: string };
