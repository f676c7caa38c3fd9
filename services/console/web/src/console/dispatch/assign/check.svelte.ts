// What speaks for and against somebody for a time, asked again when the dialog changes: what assigning
// would say, the rules of the ranking, and what the server has refused.
import { api, body, type Schemas } from '../../../api/api';
import { asProblem, type Problem } from '../../../api/problem';
import type { Question } from '../rank/ranking.svelte';
import { askWhyNot } from '../rank/why';
import { againstWords, type Span } from './against';

/** What is to be checked. */
export type Checked = {
  staff: string;
  caseId: string;
  /** The assignment that would be changed. */
  changed: string | undefined;
  times: { starts_at?: string; duration_min?: number };
  zone: string;
  /** The question by which to ask the rules of the ranking; null when they are not asked. */
  rules: Question | null;
};

/** The rules of the ranking that the check answers too, for the time that is chosen and not for that
 *  of the case. */
const CHECKED = ['time_off', 'double_booked', 'outside_working_hours', 'already_assigned', 'excluded_by_client', 'not_on_required_panel'];
/** The refusals that a reason overrides. */
const OVERRIDABLE = ['overlap', 'excluded_by_client', 'not_on_required_panel'];
const WAIT_MS = 250;

/** The check that is shown. */
export class Check {
  running = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** Null until the first answer about this person and time. */
  answer = $state.raw<Schemas['AssignmentCheck'] | null>(null);
  /** What speaks against it, in words. */
  against = $state.raw<string[]>([]);
  /** Null when the rules were not asked, or could not be. */
  rules = $state.raw<Schemas['WhyNot'] | null>(null);
  rulesUnknown = $state(false);

  /** The time that would be held. */
  span: Span | null = $derived(this.answer && { from: Date.parse(this.answer.starts_at), to: Date.parse(this.answer.ends_at) });
  /** What the server has refused for this person and time. */
  refused = $state.raw<string[]>([]);
  /** The rules that an override must name. */
  overrides: string[] = $derived([...new Set([...(this.answer?.against ?? []).flatMap((one) => one.override_rule ?? []), ...this.refused])]);
  /** Whether something speaks against it that no reason helps against. */
  impossible: boolean = $derived((this.answer?.against ?? []).some((one) => !one.overridable));
  /** What the rules of the ranking say against the person. */
  failed = $derived((this.rules?.failed ?? []).filter((rule) => !CHECKED.includes(rule.rule)));

  #asking: AbortController | null = null;
  #last: Checked | null = null;

  /** Checks another person or time after a moment. Returns how to give it up. */
  ask(what: Checked): () => void {
    // What was refused before says nothing of this, so an override must not name it.
    this.refused = [];
    this.#start(what);
    return () => this.#stop();
  }

  /** The server has refused what was checked: it is not as it was, so the same is checked again. Notes
   *  what a reason can override. */
  refuse(problem: Problem | null): void {
    if (problem?.status !== 409) return;
    if (OVERRIDABLE.includes(problem.code)) this.refused = [...new Set([...this.refused, problem.code])];
    if (this.#last) this.#start(this.#last);
  }

  /** Nothing is chosen that could be checked. */
  clear(): void {
    this.#stop();
    this.#last = null;
    this.running = false;
    this.refused = [];
    this.answer = null;
    this.rules = null;
    this.rulesUnknown = false;
    this.problem = null;
  }

  #start(what: Checked): void {
    this.#stop();
    const asking = new AbortController();
    this.#asking = asking;
    this.#last = what;
    this.running = true;
    const timer = setTimeout(() => void this.#run(what, asking.signal), WAIT_MS);
    asking.signal.addEventListener('abort', () => clearTimeout(timer));
  }

  #stop(): void {
    this.#asking?.abort();
    this.#asking = null;
  }

  async #run(what: Checked, signal: AbortSignal): Promise<void> {
    const { staff, caseId, changed, times } = what;
    const question = { case_id: caseId, staff_id: staff, ...times, ...(changed ? { assignment_id: changed } : {}) };
    try {
      const rules = what.rules ? this.#askRules(what.rules, staff, signal) : Promise.resolve(null);
      const answer = await body(api.POST('/v1/assignments/check', { body: question, signal }));
      const standing = await rules;
      if (signal.aborted) return;
      this.answer = answer;
      this.against = answer.against.map((one) => againstWords(one, what.zone));
      this.rules = standing;
      this.rulesUnknown = what.rules !== null && standing === null;
      this.problem = null;
    } catch (thrown) {
      if (signal.aborted) return;
      this.answer = null;
      this.problem = asProblem(thrown);
    } finally {
      if (!signal.aborted) this.running = false;
    }
  }

  /** The rules are advice: where they cannot be asked the rest of the check still counts. */
  async #askRules(question: Question, staff: string, signal: AbortSignal): Promise<Schemas['WhyNot'] | null> {
    try {
      return await askWhyNot(question, staff, signal);
    } catch (thrown) {
      if (!signal.aborted) asProblem(thrown);
      return null;
    }
  }
}
