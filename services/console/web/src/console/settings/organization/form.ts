// The form of the organisation.
import type { Schemas } from '../../../api/api';

/** What of the organisation can be changed. */
export type OrganizationForm = Omit<Schemas['Organization'], 'id' | 'slug' | 'version'>;
