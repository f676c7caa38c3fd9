// One person as their page holds them: what is stored, its version, and what the reader may do to them.
import { api, body, ifMatch, versioned, type Schemas } from '../../../api/api';
import { asProblem, type Problem } from '../../../api/problem';
import { session } from '../../../state/session.svelte';
import type { Patch, Person } from '../types';

/** What the API calls the things that may be done to a person. */
export type PersonAction =
  | 'edit_staff' | 'manage_staff' | 'read_sessions' | 'read_personal_details' | 'edit_personal_details'
  | 'edit_work_profile' | 'manage_devices' | 'permit_tracking' | 'export_person' | 'erase_staff' | 'see_exact_positions';

/** A person, read and changed by the parts of their page. */
export class PersonRecord {
  person: Person | null = $state.raw(null);
  access: Schemas['StaffAccess'] | null = $state.raw(null);
  problem: Problem | null = $state.raw(null);
  /** Whether they were erased here, so nothing can be read any more. */
  erased = $state(false);
  #etag = '*';

  constructor(readonly id: string) {}

  /** Reads the person anew. */
  async load(): Promise<void> {
    try {
      const path = { id: this.id };
      const query = session.may('staff:manage') ? { deleted: 'with' } : {};
      const [person, access] = await Promise.all([
        versioned(api.GET('/v1/staff/{id}', { params: { path, query } })),
        body(api.GET('/v1/staff/{id}/access', { params: { path } })),
      ]);
      this.#take(person);
      this.access = access;
      this.problem = null;
    } catch (thrown) {
      this.problem = asProblem(thrown);
    }
  }

  /** Whether they are the reader. */
  get oneself(): boolean {
    return this.id === session.me?.staff.id;
  }

  /** Whether the reader may do something to them as they are now. */
  may(action: PersonAction): boolean {
    return !this.person?.deleted_at && this.#verdict(action)?.allowed === true;
  }

  /** Whether the reader may do something to them even though they are deleted. */
  mayIfDeleted(action: PersonAction): boolean {
    return this.#verdict(action)?.allowed === true;
  }

  /** Why the reader may not do something, in a sentence. */
  why(action: PersonAction): string | null {
    return this.#verdict(action)?.detail ?? null;
  }

  /** The header of a change of what is shown. */
  get match(): { 'if-match': string } {
    return ifMatch(this.#etag);
  }

  /** Changes the person as they were last read, and shows what is stored then. */
  async patch(patch: Patch): Promise<void> {
    this.#take(await versioned(api.PATCH('/v1/staff/{id}', { params: { path: { id: this.id }, header: this.match }, body: patch })));
    // Rights, and what may be done to them, follow from many of their fields.
    await this.#readAccess();
  }

  /** Takes the answer of another change of the person. */
  take(answer: { value: Person; etag: string }): void {
    this.#take(answer);
  }

  async #readAccess(): Promise<void> {
    this.access = await body(api.GET('/v1/staff/{id}/access', { params: { path: { id: this.id } } }));
  }

  #take({ value, etag }: { value: Person; etag: string }): void {
    // An answer that was under way during a change is older than that change.
    if (this.person && value.version < this.person.version) return;
    this.person = value;
    this.#etag = etag;
  }

  #verdict(action: PersonAction): Schemas['ActionVerdict'] | undefined {
    return this.access?.actions.find((verdict) => verdict.action === action);
  }
}
