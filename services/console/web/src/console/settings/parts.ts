// The parts of the settings: their address, who sees them, and the component that shows each.
import type { Component } from 'svelte';
import { session } from '../../state/session.svelte';
import { p } from '../routes';
import type { Kind } from './collections/kinds';

/** What every part is given. */
export type PartProps = { id: string | undefined };

type Loaded = { default: Component<PartProps & { kind?: string | undefined }> };

/** One part. */
export type Part = {
  key: string;
  /** Parts of one group stand together. */
  group: 'organization' | 'people' | 'work' | 'software';
  shown: () => boolean;
  load: () => Promise<Loaded>;
  /** Which collection it is, for the parts that share a component. */
  kind?: string;
};

const settings = () => session.may('settings:view');
const collection = <K extends Kind>(key: K, group: Part['group']): Part & { key: K } => ({
  key, group, kind: key, shown: settings, load: () => import('./collections/CollectionPart.svelte') as unknown as Promise<Loaded>,
});

/** All parts in the order of the page. */
export const PARTS = [
  { key: 'organization', group: 'organization', shown: settings, load: () => import('./organization/OrganizationPart.svelte') as unknown as Promise<Loaded> },
  { key: 'regions', group: 'organization', shown: settings, load: () => import('./regions/RegionsPart.svelte') },
  collection('departments', 'people'),
  collection('groups', 'people'),
  collection('tags', 'people'),
  { key: 'roles', group: 'people', shown: settings, load: () => import('./roles/RolesPart.svelte') },
  collection('services', 'work'),
  collection('queues', 'work'),
  { key: 'clients', group: 'work', shown: () => session.can('read_clients'), load: () => import('./clients/ClientsPart.svelte') },
  { key: 'policies', group: 'work', shown: () => session.can('read_policies'), load: () => import('./policies/PoliciesPart.svelte') },
  { key: 'service-accounts', group: 'software', shown: () => session.can('manage_service_accounts'), load: () => import('./service-accounts/ServiceAccountsPart.svelte') },
] as const satisfies Part[];

/** The word of a part in its address. */
export type PartKey = (typeof PARTS)[number]['key'];

/** The address of a part, or of one thing in it. */
export function address(part: string, id?: string): string {
  return id === undefined ? p('/settings/:part', { params: { part } }) : p('/settings/:part/:id', { params: { part, id } });
}
