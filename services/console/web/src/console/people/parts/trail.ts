// What an entry of the audit trail says was changed, as rows of a table.
import type { Schemas } from '../../../api/api';

type Entry = Pick<Schemas['Page_AuditEntry']['items'][number], 'changes' | 'details'>;
/** A field with its value before and after. */
export type Row = { field: string; before: unknown; after: unknown };

/** Fields that say nothing to a reader. */
const TECHNICAL = ['id', 'version', 'created_at', 'address_version', 'tracking_changed_at'];

/** The changed fields of an entry. Some entries hold both values in one field, others apart. */
export function rowsOf(entry: Entry): Row[] {
  const before = fieldsOf(entry.changes?.before);
  const after = fieldsOf(entry.changes?.after);
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const sealed = names.map((field) => (isPair(after[field]) ? { field, ...after[field] } : { field, before: before[field], after: after[field] }));
  const open = Object.entries(fieldsOf(entry.details)).filter(([, value]) => isPair(value)).map(([field, value]) => ({ field, ...(value as Pair) }));
  return [...open, ...sealed].filter((row) => !TECHNICAL.includes(row.field) && told(row.before) !== told(row.after));
}

/** As JSON, with everything that holds nothing alike. */
function told(value: unknown): string {
  const text = JSON.stringify(value ?? null);
  return ['[]', '{}', '""'].includes(text) ? 'null' : text;
}

type Pair = { before: unknown; after: unknown };

function isPair(value: unknown): value is Pair {
  return typeof value === 'object' && value !== null && Object.keys(value).sort().join() === 'after,before';
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** A value in words: names for what is known by id, parts of a list apart by commas. */
export function written(value: unknown, texts: { empty: string; yes: string; no: string }, name: (id: string) => string | undefined): string {
  if (value === null || value === undefined || value === '') return texts.empty;
  if (typeof value === 'boolean') return value ? texts.yes : texts.no;
  if (typeof value === 'string') return name(value) ?? value;
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.length === 0 ? texts.empty : value.map((one) => written(one, texts, name)).join(', ');
  const parts = Object.entries(value).filter(([, part]) => part !== null);
  return parts.map(([field, part]) => `${field} ${written(part, texts, name)}`).join(', ') || texts.empty;
}
