// Areas as parts of rings of corners, and their changes. Pure. A ring is kept open: its first corner
// is not repeated at the end.
import type { MultiPolygon, Polygon } from 'geojson';

/** Longitude and latitude. */
export type Corner = readonly [number, number];
/** An outline or a hole. */
export type Ring = readonly Corner[];
/** A polygon: its outline, then its holes. */
export type Part = readonly Ring[];
/** All polygons of a region. */
export type Area = readonly Part[];

/** Which corner of an area. */
export type CornerAt = { part: number; ring: number; corner: number };

/** Digits of longitude and latitude that are kept of a click: about 0.1 m. */
const DIGITS = 6;

/** A corner as it is stored. */
export function rounded(lng: number, lat: number): Corner {
  const clamp = (value: number, most: number) => Math.max(-most, Math.min(most, value));
  return [Number(clamp(lng, 180).toFixed(DIGITS)), Number(clamp(lat, 90).toFixed(DIGITS))];
}

/** The parts of a GeoJSON geometry. */
export function partsOf(geometry: Polygon | MultiPolygon): Area {
  const polygons = geometry.type === 'Polygon' ? [geometry.coordinates] : geometry.coordinates;
  return polygons.map((rings) => rings.map((ring) => opened(ring.map(([lng, lat]) => [lng!, lat!] as const))));
}

function opened(ring: Ring): Ring {
  const [first, last] = [ring[0], ring.at(-1)];
  return ring.length > 1 && first && last && first[0] === last[0] && first[1] === last[1] ? ring.slice(0, -1) : ring;
}

/** The area as GeoJSON: a polygon if it is one, else several. */
export function geometryOf(area: Area): Polygon | MultiPolygon {
  const closed = (ring: Ring) => [...ring, ...ring.slice(0, 1)].map(([lng, lat]) => [lng, lat]);
  const polygons = area.map((part) => part.map(closed));
  return polygons.length === 1 ? { type: 'Polygon', coordinates: polygons[0]! } : { type: 'MultiPolygon', coordinates: polygons };
}

/** How many corners it has. */
export function size(area: Area): number {
  return area.flat().reduce((total, ring) => total + ring.length, 0);
}

/** One corner. */
export function cornerAt(area: Area, at: CornerAt): Corner | undefined {
  return area[at.part]?.[at.ring]?.[at.corner];
}

/** Puts a corner elsewhere. */
export function moved(area: Area, at: CornerAt, to: Corner): Area {
  return withRing(area, at, (ring) => ring.with(at.corner, to));
}

/** Puts a new corner before another. */
export function inserted(area: Area, at: CornerAt, corner: Corner): Area {
  return withRing(area, at, (ring) => ring.toSpliced(at.corner, 0, corner));
}

/** Takes a corner away. A ring of less than three corners goes as a whole. */
export function without(area: Area, at: CornerAt): Area {
  const ring = area[at.part]?.[at.ring] ?? [];
  return ring.length <= 3 ? withoutRing(area, at) : withRing(area, at, (corners) => corners.toSpliced(at.corner, 1));
}

/** Takes a ring away; with its outline a part goes as a whole. */
export function withoutRing(area: Area, at: { part: number; ring: number }): Area {
  if (at.ring === 0) return area.toSpliced(at.part, 1);
  return area.with(at.part, area[at.part]!.toSpliced(at.ring, 1));
}

/** Puts another ring in the place of one. */
export function replaced(area: Area, at: { part: number; ring: number }, ring: Ring): Area {
  return withRing(area, at, () => ring);
}

/** Adds a part. */
export function withPart(area: Area, outline: Ring): Area {
  return [...area, [outline]];
}

/** Cuts a hole into the part that holds its first corner; null: there is none. */
export function withHole(area: Area, hole: Ring): Area | null {
  const part = area.findIndex(([outline]) => outline && hole[0] && isInside(outline, hole[0]));
  return part < 0 ? null : area.with(part, [...area[part]!, hole]);
}

function withRing(area: Area, at: { part: number; ring: number }, change: (ring: Ring) => Ring): Area {
  const part = area[at.part]!;
  return area.with(at.part, part.with(at.ring, change(part[at.ring]!)));
}

/** Whether a place lies in a ring, by counting the borders a ray to the north crosses. */
export function isInside(ring: Ring, [lng, lat]: Corner): boolean {
  let inside = false;
  ring.forEach(([x1, y1], i) => {
    const [x2, y2] = ring[(i + 1) % ring.length]!;
    if ((x1 > lng) !== (x2 > lng) && lat < y1 + ((lng - x1) / (x2 - x1)) * (y2 - y1)) inside = !inside;
  });
  return inside;
}

/** Latitude and longitude, a corner a line, for people. */
export function ringText(ring: Ring): string {
  return ring.map(([lng, lat]) => `${lat}, ${lng}`).join('\n');
}
