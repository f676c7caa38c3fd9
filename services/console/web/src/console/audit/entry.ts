// An entry of the audit trail taken apart: what changed, and what else was noted. Pure.
import type { Schemas } from '../../api/api';

/** An entry as lists have it. */
export type Entry = Schemas['Page_AuditEntry']['items'][number];

/** A field before and after. `personal`: it is sealed under its person's key. */
export type Change = { field: string; before: unknown; after: unknown; personal: boolean };

/** A value that was noted and did not change. */
export type Fact = { field: string; value: unknown };

/** Fields that say nothing to people. */
const HIDDEN = new Set(['version', 'area_sha256', 'id', 'organization_id', 'created_at', 'updated_at']);

/** What changed and what else was noted. */
export function parts(entry: Pick<Entry, 'details' | 'changes'>): { changes: Change[]; facts: Fact[] } {
  const changes: Change[] = [];
  const facts: Fact[] = [];
  const details = entry.details as Record<string, unknown>;
  if (isSides(details)) {
    changes.push(...compared('', details.before, details.after, false));
  } else {
    for (const [field, value] of Object.entries(details)) {
      if (isSides(value)) changes.push(...differences(field, value.before, value.after, false));
      else if (!HIDDEN.has(field)) facts.push({ field, value });
    }
  }
  if (entry.changes) changes.push(...personal(entry.changes.before, entry.changes.after));
  return { changes: changes.filter(({ before, after }) => !isNothing(before) || !isNothing(after)), facts };
}

/** Personal values: two states, or fields of which each has two sides. */
function personal(before: unknown, after: unknown): Change[] {
  const only = before === null ? after : after === null ? before : null;
  if (isObject(only) && Object.values(only).length > 0 && Object.values(only).every(isSides)) {
    return Object.entries(only).flatMap(([field, sides]) => isSides(sides) ? differences(field, sides.before, sides.after, true) : []);
  }
  return compared('', before, after, true);
}

/** What differs in one field; in objects on both sides, what differs in them. */
function differences(field: string, before: unknown, after: unknown, isPersonal: boolean): Change[] {
  if (HIDDEN.has(field) || JSON.stringify(before) === JSON.stringify(after)) return [];
  if (isObject(before) && isObject(after)) return compared(`${field}.`, before, after, isPersonal);
  return [{ field, before: before ?? null, after: after ?? null, personal: isPersonal }];
}

/** The fields in which two states differ. */
function compared(prefix: string, before: unknown, after: unknown, isPersonal: boolean): Change[] {
  const [old, fresh] = [isObject(before) ? before : {}, isObject(after) ? after : {}];
  const fields = [...new Set([...Object.keys(old), ...Object.keys(fresh)])].filter((field) => !HIDDEN.has(field));
  return fields.flatMap((field) => differences(prefix + field, old[field] ?? null, fresh[field] ?? null, isPersonal));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSides(value: unknown): value is { before: unknown; after: unknown } {
  if (!isObject(value)) return false;
  const keys = Object.keys(value);
  return keys.length > 0 && keys.every((key) => key === 'before' || key === 'after');
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

/** The kind of thing that a field's ids name; null: its values are no ids. */
export function kindOfField(field: string): string | null {
  const last = field.split('.').at(-1)!.replace(/_ids?$/, '');
  return REFERENCES[last] ?? null;
}

const REFERENCES: Record<string, string> = {
  staff: 'staff', people: 'staff', panel: 'staff', excluded: 'staff', chosen: 'staff', created_by: 'staff', person: 'staff',
  case: 'case', client: 'client', department: 'department', departments: 'department', primary_department: 'department',
  group: 'group', groups: 'group', tag: 'tag', tags: 'tag', queue: 'queue', queues: 'queue', role: 'role', roles: 'role',
  service: 'service', services: 'service', region: 'region', regions: 'region', policy: 'policy', default_policy: 'policy',
  service_account: 'service_account',
};

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a value is an id. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && ID.test(value);
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;

/** Whether a value is an instant. */
export function isInstant(value: unknown): value is string {
  return typeof value === 'string' && INSTANT.test(value) && !Number.isNaN(Date.parse(value));
}

/** What the entry itself says its subject is called. */
export function ownName(entry: Entry): string | null {
  const name = (entry.details as Record<string, unknown>).name;
  if (typeof name === 'string') return name;
  const side = isSides(name) ? name.after ?? name.before : null;
  return typeof side === 'string' ? side : null;
}

/** The case that an entry is about, beside its subject. */
export function caseOf(entry: Entry): string | null {
  const details = entry.details as Record<string, unknown>;
  if (isId(details.case_id)) return details.case_id;
  for (const side of [details.after, details.before]) if (isObject(side) && isId(side.case_id)) return side.case_id;
  return null;
}
