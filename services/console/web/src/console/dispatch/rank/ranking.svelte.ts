// The question "who should go?" about the open case, and its last answer. Asked when somebody presses
// the button or the case has changed, never by itself: each answer with exact places is a recorded read.
import { api, body, type Schemas } from '../../../api/api';
import { asProblem, type Problem } from '../../../api/problem';

/** After so long people have moved, and the answer should be asked for anew. */
const STALE_MS = 60_000;
const LIMITS = [20, 50, 200];

/** What is asked about a case. */
export type Question = Pick<Schemas['RecommendationInput'], 'case_id' | 'policy_id' | 'limit'>;

/** A ranking of people for one case. */
export class Ranking {
  answer: Schemas['Recommendation'] | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  running = $state(false);
  /** When the answer came, by this computer's clock. */
  askedAt = $state(0);
  /** The policy to rank by; null: the organisation's default. */
  policyId: string | null = $state(null);
  limit = $state(LIMITS[0]!);
  /** Whether to count who was left out, which takes longer. The API does it by itself for short lists. */
  funnel = $state(false);
  readonly caseId: string;
  #controller: AbortController | null = null;

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

  /** The question as the API takes it, for this and for why-not. */
  get question(): Question {
    return { case_id: this.caseId, limit: this.limit, ...(this.policyId ? { policy_id: this.policyId } : {}) };
  }

  /** Asks. A newer question makes the answer to an older one void. */
  async ask(): Promise<void> {
    this.#controller?.abort();
    const mine = new AbortController();
    this.#controller = mine;
    this.running = true;
    try {
      const answer = await body(api.POST('/v1/recommendations', { body: { ...this.question, funnel: this.funnel }, signal: mine.signal }));
      if (mine.signal.aborted) return;
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
