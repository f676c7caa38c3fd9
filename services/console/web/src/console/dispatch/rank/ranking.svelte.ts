// The question "who should go?" about the open case, and its last answer. Asked when somebody presses
// the button or the case has changed, never by itself: each answer with exact places is a recorded read.
import { api, body, type Schemas } from '../../../api/api';
import { asProblem, type Problem } from '../../../api/problem';
import type { Change } from './rules';

/** After so long people have moved, and the answer should be asked for anew. */
const STALE_MS = 60_000;
const LIMITS = [20, 50, 200];

/** What is asked about a case: by which policy or preset, with which settings and changes tried. */
export type Question = Pick<Schemas['RecommendationInput'], 'case_id' | 'policy_id' | 'limit' | 'preset' | 'settings' | 'relax'>;

/** A ranking of people for one case. */
export class Ranking {
  answer: Schemas['Recommendation'] | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  running = $state(false);
  /** When the answer came, by this computer's clock. */
  askedAt = $state(0);
  /** By what to rank: `policy:ID`, `preset:NAME`, or '' for the organisation's default. */
  basis = $state('');
  /** Settings that are tried over it. */
  settings: Schemas['PolicySettingsInput'] | null = $state.raw(null);
  /** Changes that are tried to let more people in. */
  relaxed: Change[] = $state.raw([]);
  limit = $state(LIMITS[0]!);
  /** Whether to count who was left out, which takes longer. The API does it by itself for short lists. */
  funnel = $state(false);
  readonly caseId: string;
  #controller: AbortController | null = null;
  /** Who was listed before anything was relaxed. */
  #usual = new Set<string>();

  constructor(caseId: string) {
    this.caseId = caseId;
  }

  get result(): Schemas['RecommendationResult'] | null {
    return this.answer?.result ?? null;
  }

  get candidates(): Schemas['Candidate'][] {
    return this.result?.candidates ?? [];
  }

  /** How many to ask for next, when there are more. */
  get nextLimit(): number | null {
    return this.result?.truncated ? (LIMITS.find((limit) => limit > this.limit) ?? null) : null;
  }

  /** Whether people will have moved since. */
  isStale(now: number): boolean {
    return this.answer !== null && now - this.askedAt > STALE_MS;
  }

  /** The stored policy that is chosen; null for the standard and for presets. */
  get policyId(): string | null {
    return this.basis.startsWith('policy:') ? this.basis.slice('policy:'.length) : null;
  }

  /** Whether something is tried that an offer does not take over. */
  get isTrial(): boolean {
    return this.basis.startsWith('preset:') || this.settings !== null || this.relaxed.length > 0;
  }

  /** The question without what is relaxed: by the rules as they are. */
  get strictQuestion(): Question {
    return {
      case_id: this.caseId,
      limit: this.limit,
      ...(this.policyId ? { policy_id: this.policyId } : {}),
      ...(this.basis.startsWith('preset:') ? { preset: this.basis.slice('preset:'.length) } : {}),
      ...(this.settings ? { settings: this.settings } : {}),
    };
  }

  /** The question as the API takes it, for this and for why-not. */
  get question(): Question {
    return { ...this.strictQuestion, ...(this.relaxed.length > 0 ? { relax: this.relaxed } : {}) };
  }

  /** Whether somebody is listed only because of what is relaxed. */
  isByRelaxing(staffId: string): boolean {
    return this.relaxed.length > 0 && !this.#usual.has(staffId);
  }

  /** Ranks by something else from now on. */
  async rankBy(basis: string, settings: Schemas['PolicySettingsInput'] | null = null): Promise<void> {
    this.basis = basis;
    this.settings = settings;
    this.relaxed = [];
    await this.ask();
  }

  /** Asks again with one change more. */
  async relax(change: Change): Promise<void> {
    this.relaxed = [...this.relaxed, change];
    await this.ask();
  }

  /** Asks again without a change. */
  async unrelax(change: Change): Promise<void> {
    this.relaxed = this.relaxed.filter((one) => one !== change);
    await this.ask();
  }

  /** Asks. A newer question makes the answer to an older one void. */
  async ask(): Promise<void> {
    this.#controller?.abort();
    const mine = new AbortController();
    this.#controller = mine;
    this.running = true;
    try {
      const question = { ...this.question, funnel: this.funnel };
      const answer = await body(api.POST('/v1/recommendations', { body: question, signal: mine.signal }));
      if (mine.signal.aborted) return;
      if (this.relaxed.length === 0) this.#usual = new Set(answer.result.candidates.map((one) => one.staff_id));
      this.answer = answer;
      this.askedAt = Date.now();
      this.problem = null;
    } catch (thrown) {
      if (mine.signal.aborted) return;
      this.answer = null;
      this.problem = asProblem(thrown);
    } finally {
      if (this.#controller === mine) this.running = false;
    }
  }

  /** Forgets the answer: there is nothing to ask any more. */
  clear(): void {
    this.#controller?.abort();
    this.answer = null;
    this.problem = null;
    this.running = false;
  }
}
