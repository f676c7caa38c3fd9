// The shapes of people that the pages speak of, and what forms send of them.
import type { Schemas } from '../../api/api';

/** A person as `GET /v1/staff/{id}` shows them. */
export type Person = Schemas['Staff'];
/** A person in the list. */
export type Listed = Schemas['Page_Staff']['items'][number];
/** A change of a person. */
export type Patch = Schemas['StaffPatch'];

/** What the API knows by these words, in the order that forms show. */
export const ADMIN_ROLES = ['general', 'scheduler', 'admin', 'user_admin', 'account_admin'] as const;
export const ACCESS_LEVELS = ['disabled', 'limited', 'full'] as const;
export const VIEW_SCOPES = ['all', 'departments'] as const;
export const EDIT_SCOPES = ['all', 'departments', 'none'] as const;
export const KINDS = ['employee', 'external'] as const;
export const MAILS = ['failed', 'queued', 'sending', 'sent'] as const;
export const INVITATIONS = ['none', 'pending', 'accepted', 'expired', 'revoked'] as const;
export const MODULES = ['staff', 'cases', 'clients', 'tracking', 'recommendations', 'settings'] as const;
export const MODULE_LEVELS = ['none', 'view', 'edit', 'manage'] as const;
export const PREFERENCES = ['never', 'avoid', 'willing', 'preferred'] as const;
export const LANGUAGE_LEVELS = ['a1', 'a2', 'b1', 'b2', 'c1', 'c2', 'native'] as const;

/** A word of the API in the reader's words; an unknown word as it is. */
export function said(texts: Record<string, string>, word: string): string {
  return texts[word] ?? word;
}

/** Options of a select, made of the API's words. */
export function choices(values: readonly string[], texts: Record<string, string>): { value: string; text: string }[] {
  return values.map((value) => ({ value, text: said(texts, value) }));
}

/** Where a person's photo is, as a square of so many pixels. The version makes a new one be read. */
export function photoOf(person: { photo?: string | null; version: number }, size: 64 | 256): string | null {
  return person.photo ? `${person.photo}?size=${size}#${person.version}` : null;
}
