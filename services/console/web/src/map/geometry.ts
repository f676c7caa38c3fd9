// Boxes, circles and outlines on the globe. Pure.
import type { Feature, MultiPolygon, Polygon, Position } from 'geojson';

/** A place as the API writes it. */
export type LatLng = { lat: number; lng: number };

/** A viewport in degrees. East is above west also where it crosses the antimeridian. */
export type Box = { west: number; south: number; east: number; north: number };

/** All there is. Mercator ends at 85 degrees. */
export const WORLD: Box = { west: -180, south: -85, east: 180, north: 85 };

const METRES_PER_DEGREE = 111_195;

/** The smallest box around places; null without any. */
export function boxAround(places: Iterable<LatLng>): Box | null {
  let box: Box | null = null;
  for (const { lat, lng } of places) {
    box = box
      ? { west: Math.min(box.west, lng), south: Math.min(box.south, lat), east: Math.max(box.east, lng), north: Math.max(box.north, lat) }
      : { west: lng, south: lat, east: lng, north: lat };
  }
  return box;
}

/** The smallest box around both. */
export function union(one: Box | null, other: Box | null): Box | null {
  if (!one || !other) return one ?? other;
  return {
    west: Math.min(one.west, other.west),
    south: Math.min(one.south, other.south),
    east: Math.max(one.east, other.east),
    north: Math.max(one.north, other.north),
  };
}

/** The box with its sides made longer, around the same centre. */
export function grow(box: Box, factor: number): Box {
  const [width, height] = [box.east - box.west, box.north - box.south];
  const [aside, above] = [(width * (factor - 1)) / 2, (height * (factor - 1)) / 2];
  return { west: box.west - aside, south: box.south - above, east: box.east + aside, north: box.north + above };
}

/** The box with so many degrees more on each side. */
export function pad(box: Box, degrees: number): Box {
  return { west: box.west - degrees, south: box.south - degrees, east: box.east + degrees, north: box.north + degrees };
}

/** Whether the first box holds all of the second. */
export function holds(outer: Box, inner: Box): boolean {
  return outer.west <= inner.west && outer.east >= inner.east && outer.south <= inner.south && outer.north >= inner.north;
}

/** Whether a place is in the box, on any of the copies of the world. */
export function isInside(box: Box, { lat, lng }: LatLng): boolean {
  if (lat < box.south || lat > box.north) return false;
  return [lng, lng + 360, lng - 360].some((copy) => copy >= box.west && copy <= box.east);
}

/** The box as the API reads it: rounded outwards, longitudes within a turn. */
export function bboxText(box: Box): string {
  const south = Math.max(-90, floor(box.south));
  const north = Math.min(90, ceil(box.north));
  if (box.east - box.west >= 360) return [-180, south, 180, north].join(',');
  return [withinTurn(floor(box.west)), south, withinTurn(ceil(box.east)), north].join(',');
}

const FINENESS = 1e4;
const floor = (degrees: number): number => Math.floor(degrees * FINENESS) / FINENESS;
const ceil = (degrees: number): number => Math.ceil(degrees * FINENESS) / FINENESS;

function withinTurn(lng: number): number {
  const turned = lng > 180 ? lng - 360 : lng < -180 ? lng + 360 : lng;
  return Math.round(turned * FINENESS) / FINENESS;
}

/** A circle on the ground as a polygon. */
export function circle(centre: LatLng, metres: number, corners = 64): Polygon {
  const up = metres / METRES_PER_DEGREE;
  const aside = up / Math.max(Math.cos((centre.lat * Math.PI) / 180), 0.01);
  const ring: Position[] = [];
  for (let corner = 0; corner <= corners; corner += 1) {
    const angle = (2 * Math.PI * (corner % corners)) / corners;
    ring.push([centre.lng + aside * Math.cos(angle), centre.lat + up * Math.sin(angle)]);
  }
  return { type: 'Polygon', coordinates: [ring] };
}

/** Metres between two places that are not far apart, also across the antimeridian. */
export function metresBetween(one: LatLng, other: LatLng): number {
  const up = (other.lat - one.lat) * METRES_PER_DEGREE;
  const east = ((other.lng - one.lng + 540) % 360) - 180;
  const aside = east * METRES_PER_DEGREE * Math.cos((((one.lat + other.lat) / 2) * Math.PI) / 180);
  return Math.hypot(up, aside);
}

/** A feature of a polygon. */
export function feature<P extends object>(geometry: Polygon | MultiPolygon, properties: P): Feature<Polygon | MultiPolygon, P> {
  return { type: 'Feature', geometry, properties };
}

/** Where to write the name of an area: the centroid of its largest outline. */
export function labelPoint(area: MultiPolygon): LatLng | null {
  let best: { size: number; at: LatLng } | null = null;
  for (const [outline] of area.coordinates) {
    const found = outline && centroid(outline);
    if (found && (!best || found.size > best.size)) best = found;
  }
  return best?.at ?? null;
}

function centroid(ring: Position[]): { size: number; at: LatLng } | null {
  let [twice, x, y] = [0, 0, 0];
  for (let i = 0; i + 1 < ring.length; i += 1) {
    const [[x1, y1], [x2, y2]] = [ring[i] as [number, number], ring[i + 1] as [number, number]];
    const cross = x1 * y2 - x2 * y1;
    twice += cross;
    x += (x1 + x2) * cross;
    y += (y1 + y2) * cross;
  }
  if (twice === 0) return null;
  return { size: Math.abs(twice), at: { lng: x / (3 * twice), lat: y / (3 * twice) } };
}

/** Whether a place lies in an area, by counting the borders a ray to the north crosses. */
export function isInArea(area: MultiPolygon, { lat, lng }: LatLng): boolean {
  let crossings = 0;
  for (const ring of area.coordinates.flat()) {
    for (let i = 0; i + 1 < ring.length; i += 1) {
      const [[x1, y1], [x2, y2]] = [ring[i] as [number, number], ring[i + 1] as [number, number]];
      if ((x1 > lng) !== (x2 > lng) && lat < y1 + ((lng - x1) / (x2 - x1)) * (y2 - y1)) crossings += 1;
    }
  }
  return crossings % 2 === 1;
}
