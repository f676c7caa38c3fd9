// One's open assignments and offers, live: a snapshot, then each change as it happens.
import { api, body, type Schemas } from '../../api/api';
import { EventStream } from '../../api/stream.svelte';
import { toasts } from '../../state/toasts.svelte';
import { words } from '../../texts';

type Assignment = Schemas['Assignment'];
type Offer = Schemas['OwnOffer'];
type Step = 'en_route' | 'on_site' | 'done';

/** What one has to do and was asked to do. */
export class Work {
  assignments: Assignment[] = $state.raw([]);
  offers: Offer[] = $state.raw([]);
  /** Whether a first snapshot has come. */
  loaded = $state(false);
  truncated = $state(false);
  readonly stream: EventStream;

  constructor() {
    this.stream = new EventStream('/v1/me/events', {
      snapshot: (data) => this.#replace(data as Schemas['OwnWork']),
      assigned: (data) => this.#assigned(data as Assignment),
      changed: (data) => this.#put(data as Assignment),
      withdrawn: (data) => this.#withdrawn(data as { id: string; cancel_reason?: string | null }),
      offered: (data) => this.#offered(data as Offer),
      offer_changed: (data) => this.#putOffer(data as Offer),
      offer_ended: (data) => this.#offerEnded(data as Pick<Offer, 'id'> & Partial<Offer>),
    });
  }

  close(): void {
    this.stream.close();
  }

  /** Offers that wait for an answer, the most pressing first. */
  get waiting(): Offer[] {
    return this.offers.filter((offer) => offer.state === 'asked').sort((a, b) => a.respond_by.localeCompare(b.respond_by));
  }

  /** Offers that one said one could do, and that wait for somebody to choose. */
  get available(): Offer[] {
    return this.offers.filter((offer) => offer.state === 'available');
  }

  /** Assignments by their start, those that were begun first. */
  get open(): Assignment[] {
    const begun = (one: Assignment) => (one.state === 'on_site' ? 0 : one.state === 'en_route' ? 1 : 2);
    return [...this.assignments].sort((a, b) => begun(a) - begun(b) || a.starts_at.localeCompare(b.starts_at));
  }

  /** Says how far one has come. */
  async step(assignment: Assignment, state: Step): Promise<void> {
    const header = { 'if-match': `"${assignment.version}"` };
    this.#put(await body(api.PATCH('/v1/me/assignments/{id}', { params: { path: { id: assignment.id }, header }, body: { state } })));
  }

  async accept(offer: Offer): Promise<void> {
    const answer = await body(api.POST('/v1/me/offers/{id}/accept', { params: { path: { id: offer.id } } }));
    this.#answered(answer);
  }

  async decline(offer: Offer, reason: string): Promise<void> {
    const answer = await body(api.POST('/v1/me/offers/{id}/decline', { params: { path: { id: offer.id } }, body: { reason: reason || null } }));
    this.#answered(answer);
  }

  #answered(answer: Schemas['OfferAnswer']): void {
    this.#putOffer(answer.offer);
    if (answer.assignment) this.#put(answer.assignment);
  }

  #replace(work: Schemas['OwnWork']): void {
    this.assignments = work.assignments;
    this.offers = work.offers;
    this.truncated = work.truncated;
    this.loaded = true;
  }

  #assigned(assignment: Assignment): void {
    const isNew = !this.assignments.some((one) => one.id === assignment.id);
    this.#put(assignment);
    if (isNew) this.#tell(words.phone.newAssignment(assignment.case_title));
  }

  /** An older version never replaces a newer one: the answer to a change and the event of it come in any order. */
  #put(assignment: Assignment): void {
    const present = this.assignments.find((one) => one.id === assignment.id);
    if (present && present.version > assignment.version) return;
    const others = this.assignments.filter((one) => one.id !== assignment.id);
    const isOpen = assignment.state !== 'done' && assignment.state !== 'cancelled';
    this.assignments = isOpen ? [...others, assignment] : others;
  }

  #withdrawn(gone: { id: string; cancel_reason?: string | null }): void {
    const present = this.assignments.find((one) => one.id === gone.id);
    this.assignments = this.assignments.filter((one) => one.id !== gone.id);
    if (present) this.#tell(words.phone.withdrawn(present.case_title, gone.cancel_reason ?? ''));
  }

  #offered(offer: Offer): void {
    this.#putOffer(offer);
    this.#tell(words.phone.newOffer(offer.case_title));
  }

  #putOffer(offer: Offer): void {
    const others = this.offers.filter((one) => one.id !== offer.id);
    this.offers = offer.state === 'asked' || offer.state === 'available' ? [...others, offer] : others;
  }

  #offerEnded(ended: Pick<Offer, 'id'> & Partial<Offer>): void {
    const present = this.offers.find((one) => one.id === ended.id);
    // One's own answers are known already.
    if (present && ended.state === 'timed_out') toasts.say(words.phone.offerTimedOut(present.case_title));
    if (present && ended.state === 'withdrawn') toasts.say(words.phone.offerWithdrawn(present.case_title));
    this.offers = this.offers.filter((one) => one.id !== ended.id);
  }

  #tell(text: string): void {
    toasts.say(text);
    navigator.vibrate?.([150, 80, 150]);
  }
}
