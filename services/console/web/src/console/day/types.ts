// A day's plan as the timeline draws it. Instants are milliseconds since 1970.

/** From an instant until before another. */
export type Span = { from: number; to: number };

/** What speaks against a time: something else, an absence, or the hours. */
export type Conflict =
  | { kind: 'overlap'; with: Booking }
  | { kind: 'time_off'; span: Span }
  | { kind: 'outside_hours' };

/** How far an assignment has come. */
export type BookingState = 'assigned' | 'en_route' | 'on_site' | 'done';

/** An assignment in the plan. */
export type Booking = Span & {
  id: string;
  caseId: string;
  caseNumber: string;
  caseTitle: string;
  state: BookingState;
  /** Minutes of drive at its start; null for a fixed start. */
  etaMin: number | null;
  overrideReason: string | null;
};

/** A person's day. */
export type PersonDay = {
  id: string;
  name: string;
  photo: string | null;
  /** Null: no hours are recorded, so any hour counts as working. */
  working: Span[] | null;
  timeOff: Span[];
  /** When tracking is paused, as far as the reader may see that. */
  pauses: Span[];
  bookings: Booking[];
};

/** The least that is needed to name a person. */
export type Someone = { id: string; name: string };
