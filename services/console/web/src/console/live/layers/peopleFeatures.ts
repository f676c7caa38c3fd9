// People as features of the map's source, and the differences between two of them. Pure.
//
// Each tile with a change is cut, packed and unpacked anew, so its features carry as little as
// possible: names and rings only where the map is near enough to show them.
import type { Feature, Point } from 'geojson';
import type { GeoJSONSourceDiff } from 'maplibre-gl';
import { ageStep, dutyOf, isHollow, type Duty, type Person } from '../data/person';

/** What the layers read of a person. */
export type PersonProperties = {
  /** What they do and how faint they are, such as `busy2`: it decides the colour. */
  look: string;
  /** `fix`, or `hollow` without a live fix. */
  kind: 'fix' | 'hollow';
  moving: boolean;
  busy: boolean;
  /** The name; empty from afar. */
  name: string;
  /** The accuracy in metres, as long as it would be at the equator of the projection; 0 from afar. */
  ring: number;
};

/** A person as it is drawn. */
export type Drawn = { number: number; lng: number; lat: number; properties: PersonProperties };

/** The word for what somebody does and how faint they are. */
export function lookOf(duty: Duty, age: number): string {
  return `${duty}${age}`;
}

/** How a person is to be drawn now. */
export function drawnOf(person: Person, number: number, nowMs: number, isNear: boolean): Drawn {
  const { lat, lng } = person.position;
  const duty = dutyOf(person);
  const hollow = isHollow(person);
  return {
    number,
    lng,
    lat,
    properties: {
      look: lookOf(duty, ageStep(person, nowMs)),
      kind: hollow ? 'hollow' : 'fix',
      moving: !hollow && person.moving === true,
      busy: !hollow && duty === 'busy',
      name: isNear ? person.display_name ?? '' : '',
      ring: isNear && !hollow ? Math.round((person.accuracy_m ?? 0) / Math.cos((lat * Math.PI) / 180)) : 0,
    },
  };
}

/** As a feature. */
export function featureOf({ number, lng, lat, properties }: Drawn): Feature<Point, PersonProperties> {
  return { type: 'Feature', id: number, geometry: { type: 'Point', coordinates: [lng, lat] }, properties };
}

/** A diff being made: what one `updateData` carries. */
export type Diff = Required<Pick<GeoJSONSourceDiff, 'add' | 'update' | 'remove'>>;

/** A diff without anything. */
export function emptyDiff(): Diff {
  return { add: [], update: [], remove: [] };
}

/** Whether a diff changes nothing. */
export function isEmpty(diff: Diff): boolean {
  return diff.add.length === 0 && diff.update.length === 0 && diff.remove.length === 0;
}

/** Adds what leads from one drawing of a person to the next; nothing if both look the same. */
export function addChange(diff: Diff, before: Drawn | undefined, now: Drawn): void {
  if (!before) {
    diff.add.push(featureOf(now));
    return;
  }
  const hasMoved = before.lng !== now.lng || before.lat !== now.lat;
  const changed = (Object.keys(now.properties) as (keyof PersonProperties)[])
    .filter((key) => before.properties[key] !== now.properties[key])
    .map((key) => ({ key, value: now.properties[key] }));
  if (!hasMoved && changed.length === 0) return;
  diff.update.push({
    id: now.number,
    ...(hasMoved ? { newGeometry: { type: 'Point' as const, coordinates: [now.lng, now.lat] } } : {}),
    ...(changed.length > 0 ? { addOrUpdateProperties: changed } : {}),
  });
}
