// An address in one line.
import type { Schemas } from '../api/api';

/** Its parts from street to country, as far as they are known. */
export function addressLine(address: Schemas['AddressInput'] | null | undefined): string {
  if (!address) return '';
  const town = [address.postcode, address.city].filter(Boolean).join(' ');
  return [address.street, town, address.region, address.country].filter(Boolean).join(', ');
}
