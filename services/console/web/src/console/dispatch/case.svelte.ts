// The case that is open beside the map, with its assignments and offers, as the server last said.
import { api, body, versioned, type Schemas } from '../../api/api';
import { all } from '../../api/pager.svelte';
import { asProblem, type Problem } from '../../api/problem';
import { cases } from '../live/cases.svelte';

type Assignment = Schemas['Assignment'];
type Offer = Schemas['Offer'];

/** Which offers still run. */
export const running = (offer: Offer): boolean => offer.state === 'open' || offer.state === 'deciding';
/** Which assignments still hold somebody. */
export const holding = (one: Assignment): boolean => one.state !== 'done' && one.state !== 'cancelled';

/** One case. */
export class OpenCase {
  value: Schemas['CaseDetails'] | null = $state.raw(null);
  etag = $state('*');
  assignments: Assignment[] = $state.raw([]);
  offers: Offer[] = $state.raw([]);
  problem: Problem | null = $state.raw(null);
  readonly id: string;
  #turn = 0;

  constructor(id: string) {
    this.id = id;
  }

  /** Whether somebody can still be assigned. */
  get free(): boolean {
    return this.value !== null && this.value.status === 'open' && this.value.slots_filled < this.value.slots;
  }

  /** The offer that runs, if one does: the API lets one run at a time. */
  get offer(): Offer | null {
    return this.offers.find(running) ?? null;
  }

  /** Why nobody can be assigned, as the API's code; null when somebody can be. With `staff`: this person. */
  overForAssigning(staff: string): string | null {
    const held = this.assignments.some((one) => one.staff_id === staff && holding(one));
    return this.#over() ?? (held ? 'already_assigned' : null);
  }

  /** Why the case cannot be offered, as the API's code; null when it can be. */
  get overForOffering(): string | null {
    return this.#over() ?? (this.offer ? 'offer_open' : null);
  }

  #over(): string | null {
    if (this.value && this.value.status !== 'open') return 'case_closed';
    return this.value && !this.free ? 'no_slot_free' : null;
  }

  /** Reads all of it. A later call makes the answers to earlier ones void. */
  async load(): Promise<void> {
    const turn = ++this.#turn;
    try {
      const [found, assignments, offers] = await Promise.all([
        versioned(api.GET('/v1/cases/{id}', { params: { path: { id: this.id } } })),
        all((cursor) => body(api.GET('/v1/assignments', { params: { query: { case: this.id, limit: 200, ...(cursor ? { cursor } : {}) } } }))),
        all((cursor) => body(api.GET('/v1/offers', { params: { query: { case: this.id, limit: 50, ...(cursor ? { cursor } : {}) } } }))),
      ]);
      if (turn !== this.#turn) return;
      this.value = found.value;
      this.etag = found.etag;
      this.assignments = assignments as Assignment[];
      this.offers = offers as Offer[];
      this.problem = null;
    } catch (thrown) {
      if (turn === this.#turn) this.problem = asProblem(thrown);
    }
  }

  /** Reads it again after a change made here. The list of cases follows. */
  async changed(): Promise<void> {
    void cases.refresh();
    await this.load();
  }

  /** Takes in a newer state of an offer. */
  take(offer: Offer): void {
    this.offers = this.offers.some((one) => one.id === offer.id) ? this.offers.map((one) => (one.id === offer.id ? offer : one)) : [...this.offers, offer];
  }
}
