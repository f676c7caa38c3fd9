// One's preferences for services and regions: as the form has them, and as the API has them. Pure.
import type { Schemas } from '../../api/api';

/** A choice for each service and region that can be chosen, empty for none, by `keyOf`. What is stated for
    something that one cannot see is in it too, so that it stays stated. */
export type Choices = Record<string, string>;

type Kind = 'services' | 'regions';
type Id = { id: string };

/** Where the choice for a service or a region stands in the form. */
export function keyOf(kind: Kind, id: string): string {
  return `${kind}/${id}`;
}

/** The form of what is stated. */
export function choicesOf(stated: Schemas['WorkPreferences'], services: Id[], regions: Id[]): Choices {
  return Object.fromEntries([
    ...services.map(({ id }) => [keyOf('services', id), '']),
    ...regions.map(({ id }) => [keyOf('regions', id), '']),
    ...stated.services.map((one) => [keyOf('services', one.service_id), one.preference]),
    ...stated.regions.map((one) => [keyOf('regions', one.region_id), one.preference]),
  ]) as Choices;
}

/** What the form states. */
export function statedIn(choices: Choices) {
  const of = (kind: Kind) => Object.entries(choices)
    .filter(([key, preference]) => preference && key.startsWith(`${kind}/`))
    .map(([key, preference]) => ({ id: key.slice(kind.length + 1), preference }));
  return {
    services: of('services').map(({ id, preference }) => ({ service_id: id, preference })),
    regions: of('regions').map(({ id, preference }) => ({ region_id: id, preference })),
  };
}
