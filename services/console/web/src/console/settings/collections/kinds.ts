// The collections of plain named things, and how each is read and changed. They differ in their
// address, in who may change them, and in what their removal touches.
import { api, body, ifMatch, type Schemas } from '../../../api/api';
import { session } from '../../../state/session.svelte';
import { words } from '../../../texts';
import { counted, PAGE } from '../shared/count';

/** The collections. */
export type Kind = 'services' | 'departments' | 'groups' | 'tags' | 'queues';

/** One thing of a collection. Departments alone have a base and can be inactive. */
export type Entry = { id: string; version: number; name: string; active?: boolean; base?: Schemas['LatLng'] | null };

/** What one may write. */
export type EntryForm = { name: string; active?: boolean; base?: Schemas['LatLng'] | null };

type Path = `/v1/${Kind}`;
type PathOfOne = `/v1/${Kind}/{id}`;

const text = words.settings.collections;

/** Whether things of this kind have a base and can be inactive. */
export const isPlaced = (kind: Kind) => kind === 'departments';

/** Whether one may create and remove things of this kind. */
export function mayCreate(kind: Kind): boolean {
  const action = { services: 'edit_settings', queues: 'edit_settings', groups: 'manage_groups', tags: 'manage_groups', departments: 'create_departments' }[kind];
  return session.can(action);
}

/** Whether one may change things of this kind. */
export function mayChange(kind: Kind): boolean {
  return kind === 'departments' ? session.can('manage_departments') : mayCreate(kind);
}

/** A page of them. */
export function list(kind: Kind, cursor: string | undefined, signal?: AbortSignal): Promise<{ items: Entry[]; next_cursor?: string | null }> {
  const path: Path = `/v1/${kind}`;
  return body(api.GET(path, { params: { query: { limit: PAGE, ...(cursor ? { cursor } : {}) } }, signal }));
}

/** One of them. */
export function read(kind: Kind, id: string): Promise<Entry> {
  const path: PathOfOne = `/v1/${kind}/{id}`;
  return body(api.GET(path, { params: { path: { id } } }));
}

/** Creates one. */
export function create(kind: Kind, form: EntryForm): Promise<Entry> {
  const path: Path = `/v1/${kind}`;
  return body(api.POST(path, { body: form }));
}

/** Changes one. */
export function change(kind: Kind, id: string, changes: Partial<EntryForm>, etag: string): Promise<Entry> {
  const path: PathOfOne = `/v1/${kind}/{id}`;
  return body(api.PATCH(path, { params: { path: { id }, header: ifMatch(etag) }, body: changes }));
}

/** Removes one. */
export async function remove(kind: Kind, id: string): Promise<void> {
  const path: PathOfOne = `/v1/${kind}/{id}`;
  await api.DELETE(path, { params: { path: { id } } });
}

/** What the removal of one touches, in words. */
export async function effect(kind: Kind, id: string): Promise<string> {
  const staff = (query: object) => session.may('staff:view')
    ? counted(body(api.GET('/v1/staff', { params: { query: { ...query, limit: PAGE } } })), text.person, text.people)
    : Promise.resolve(text.somePeople);
  const cases = (query: object) => session.may('cases:view')
    ? counted(body(api.GET('/v1/cases', { params: { query: { ...query, limit: PAGE } } })), text.case, text.cases)
    : Promise.resolve(text.someCases);
  switch (kind) {
    case 'services': return text.effects.services(await staff({ service: id }), await cases({ service_id: id }));
    case 'departments': return text.effects.departments(await staff({ department: id }));
    case 'groups': return text.effects.groups(await staff({ group: id }), await cases({ group_id: id }));
    case 'tags': return text.effects.tags(await staff({ tag: id }));
    case 'queues': return text.effects.queues(await staff({ queue: id }), await cases({ queue_id: id }));
  }
}
