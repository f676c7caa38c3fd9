// What speaks for and against somebody for a time, asked again when the dialog changes: their day, and
// the rules of the ranking.
import { api, body, type Schemas } from '../../api/api';
import { asProblem, type Problem } from '../../api/problem';
import { daysAround } from './calendar';
import { conflictsAt } from './conflicts';
import { readPerson } from './schedule';
import type { Conflict, Span } from './types';

/** What is to be checked. */
export type Checked = { staff: string; span: Span; zone: string; caseId: string; except: string | undefined; rules: boolean };

/** The rules that the day itself answers, for the time that is chosen and not for that of the case. */
const OF_THE_DAY = ['time_off', 'double_booked', 'outside_working_hours', 'already_assigned'];
const WAIT_MS = 250;

/** The check that is shown. */
export class Check {
  running = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** Null until the first answer about this person and time. */
  conflicts = $state.raw<Conflict[] | null>(null);
  /** Null when the rules were not asked, or could not be. */
  rules = $state.raw<Schemas['WhyNot'] | null>(null);
  rulesUnknown = $state(false);

  /** What the rules say against the person. */
  failed = $derived((this.rules?.failed ?? []).filter((rule) => !OF_THE_DAY.includes(rule.rule)));

  /** Checks after a moment. Returns how to give it up. */
  ask(what: Checked): () => void {
    const asking = new AbortController();
    this.running = true;
    const timer = setTimeout(() => void this.#run(what, asking.signal), WAIT_MS);
    return () => {
      clearTimeout(timer);
      asking.abort();
    };
  }

  /** Nothing is chosen that could be checked. */
  clear(): void {
    this.running = false;
    this.conflicts = null;
    this.rules = null;
    this.rulesUnknown = false;
    this.problem = null;
  }

  async #run(what: Checked, signal: AbortSignal): Promise<void> {
    try {
      const rules = what.rules ? this.#askRules(what, signal) : Promise.resolve(null);
      const person = await readPerson(what.staff, daysAround(what.span, what.zone), what.zone, signal);
      const answer = await rules;
      if (signal.aborted) return;
      this.conflicts = conflictsAt(what.span, person, what.except);
      this.rules = answer;
      this.rulesUnknown = what.rules && answer === null;
      this.problem = null;
    } catch (thrown) {
      if (signal.aborted) return;
      this.conflicts = null;
      this.problem = asProblem(thrown);
    } finally {
      if (!signal.aborted) this.running = false;
    }
  }

  /** The rules are advice: where they cannot be asked the rest of the check still counts. */
  async #askRules(what: Checked, signal: AbortSignal): Promise<Schemas['WhyNot'] | null> {
    try {
      // The description's type of this body allows no single question, so it is named.
      const question = { case_id: what.caseId, staff_id: what.staff } as unknown as Schemas['WhyNotInput'];
      return await body(api.POST('/v1/recommendations/why-not', { body: question, signal }));
    } catch (thrown) {
      if (!signal.aborted) asProblem(thrown);
      return null;
    }
  }
}
