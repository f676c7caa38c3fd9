// When the next batch is sent, how large it is, and what is done after an answer. Pure: the sender
// brings the time and a random number, and carries out what is decided here.

/** At most this many fixes go into a request. */
export const BATCH = 100;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 300_000;
/** Waits are lengthened by up to this part, so that phones do not come back all at once. */
const SPREAD = 0.3;

/** How sending goes. */
export type Pace = {
  /** Fixes in the next request. */
  batch: number;
  /** Failures in a row. */
  failures: number;
  /** Not before this time, in milliseconds. */
  notBefore: number;
  /** Why the last try failed; null after a success. */
  trouble: Trouble | null;
};

/** `offline`: no answer; `busy`: come back later; `revoked`: this browser is no device any more; `refused`: not taken as it was. */
export type Trouble = 'offline' | 'busy' | 'revoked' | 'refused';

/** What came of a request. Status 0: no answer. */
export type Outcome = { status: number; retryAfterS: number | null };

/** Before anything was sent. */
export const FRESH: Pace = { batch: BATCH, failures: 0, notBefore: 0, trouble: null };

/** How long to wait before the next request; null: not at all, as there is nothing to send or no device to send as. */
export function waitMs(pace: Pace, queued: number, now: number): number | null {
  if (queued === 0 || pace.trouble === 'revoked') return null;
  return Math.max(0, pace.notBefore - now);
}

/** What follows from an answer: the new pace, and whether the fixes of the request are forgotten. */
export function after(pace: Pace, sent: number, outcome: Outcome, now: number, random: number): { pace: Pace; forget: boolean } {
  const { status } = outcome;
  if (status >= 200 && status < 300) return { pace: FRESH, forget: true };
  if (status === 401) return { pace: { ...pace, trouble: 'revoked' }, forget: false };
  const trouble: Trouble = status === 0 ? 'offline' : status === 429 || status >= 500 ? 'busy' : 'refused';
  const failures = pace.failures + 1;
  const next: Pace = { ...pace, trouble, failures, notBefore: now + backOffMs(failures, outcome.retryAfterS, random) };
  if (status !== 413 && status !== 422) return { pace: next, forget: false };
  // Too much, or something in it is not taken: half as much at a time, until the culprit is alone.
  if (sent > 1) return { pace: { ...next, batch: Math.ceil(sent / 2), notBefore: now }, forget: false };
  return { pace: { ...FRESH, trouble }, forget: true };
}

/** After a failure: what the server asks for, else 1 s, doubled each time up to 5 min. */
function backOffMs(failures: number, retryAfterS: number | null, random: number): number {
  const asked = retryAfterS === null ? null : retryAfterS * 1_000;
  const wait = asked ?? Math.min(FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 20), LONGEST_WAIT_MS);
  return wait * (1 + SPREAD * random);
}

/** The network is back, or somebody looks at the page: no reason to go on waiting for the network. */
export function hurry(pace: Pace): Pace {
  return pace.trouble === 'offline' ? { ...pace, notBefore: 0 } : pace;
}
