// Consent to tracking, with what the audit trail says of it: the legal basis, who recorded it, pauses.
import { api, body, type Schemas } from '../../../api/api';
import { asProblem, type Problem } from '../../../api/problem';
import { session } from '../../../state/session.svelte';

type Entry = Schemas['Page_AuditEntry']['items'][number];

/** Consent as it was recorded. */
export type Consent = { basis: string | null; at: string; by: string | null };

/** A person's tracking. */
export class TrackingState {
  stored: Schemas['Tracking'] | null = $state.raw(null);
  consent: Consent | null = $state.raw(null);
  /** The last pause that was not ended by the person since. */
  pausedAt: string | null = $state(null);
  resumedAt: string | null = $state(null);
  problem: Problem | null = $state.raw(null);

  constructor(readonly id: string) {}

  async read(): Promise<void> {
    try {
      this.stored = await body(api.GET('/v1/staff/{id}/tracking', { params: { path: { id: this.id } } }));
      if (this.stored.permitted && session.may('audit:read')) await this.#readTrail();
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }

  async #readTrail(): Promise<void> {
    const [permit, pause, resume] = await Promise.all(['tracking.permit', 'tracking.pause', 'tracking.resume'].map((action) => this.#last(action)));
    const basis = permit?.changes?.after?.['legal_basis'];
    this.consent = permit ? { basis: typeof basis === 'string' ? basis : null, at: permit.at, by: permit.actor?.display_name ?? null } : null;
    const ended = pause && resume && resume.at > pause.at;
    this.pausedAt = pause && !ended ? pause.at : null;
    this.resumedAt = ended ? resume.at : null;
  }

  async #last(action: string): Promise<Entry | undefined> {
    const page = await body(api.GET('/v1/audit', { params: { query: { subject: this.id, action, limit: 1 } } }));
    return page.items[0];
  }
}
