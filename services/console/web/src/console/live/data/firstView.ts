// What the map shows first: what it showed last in this tab, or else the bounds of what is there.
import { api, body, type Schemas } from '../../../api/api';
import { Problem } from '../../../api/problem';
import { bboxText, boxAround, grow, pad, union, WORLD, type Box, type LatLng } from '../../../map/geometry';
import { regions } from '../../../map/regions.svelte';
import { session } from '../../../state/session.svelte';

const KEPT = 'nearhand.viewport';

/** Where the map begins: around a box, or exactly where it was. */
export type First = { box: Box } | { center: LatLng; zoom: number };

/** Keeps the viewport for the next time this tab shows the map. */
export function keepViewport(center: LatLng, zoom: number): void {
  sessionStorage.setItem(KEPT, JSON.stringify({ center: { lat: center.lat, lng: center.lng }, zoom }));
}

/** The first viewport; null when nothing is anywhere. */
export async function firstView(casePlaces: () => Promise<LatLng[]>): Promise<First | null> {
  const kept = keptViewport();
  if (kept) return kept;
  const [people, places] = await Promise.all([peopleBox(), casePlaces(), regions.load()]);
  const there = union(people, boxAround(places)) ?? regionsBox() ?? baseBox();
  return there && { box: roomy(there) };
}

function keptViewport(): First | null {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? 'null') as { center: LatLng; zoom: number } | null;
    return kept && [kept.center.lat, kept.center.lng, kept.zoom].every(Number.isFinite) ? kept : null;
  } catch {
    return null;
  }
}

/** Where people are, by counting in ever smaller cells: coarse, so nobody's position is read. */
async function peopleBox(): Promise<Box | null> {
  if (!session.may('tracking:view')) return null;
  let within = WORLD;
  for (let round = 0; round < 4; round += 1) {
    const counts = await countsIn(within);
    const around = counts && boxAround(counts.items.map((cell) => cell.position));
    if (!around) return round === 0 ? null : within;
    within = pad(around, cellDegrees(counts.resolution));
    if (counts.resolution >= 6) break;
  }
  return clip(within);
}

/** The counts; null when they cannot be had. A server that is still starting is asked again. */
async function countsIn(box: Box, tries = 3): Promise<Schemas['PositionCounts'] | null> {
  try {
    return await body(api.GET('/v1/positions/counts', { params: { query: { bbox: bboxText(clip(box)) } } }));
  } catch (thrown) {
    if (!(thrown instanceof Problem)) throw thrown;
    if (thrown.retryAfter === null || tries === 1) return null;
    await new Promise((resolve) => setTimeout(resolve, Math.min(thrown.retryAfter!, 3) * 1_000));
    return countsIn(box, tries - 1);
  }
}

/** About the radius of a cell: an H3 cell of resolution 0 is some 1,200 km wide, each finer one 2.65 times narrower. */
function cellDegrees(resolution: number): number {
  return 11 / 2.65 ** resolution;
}

function clip(box: Box): Box {
  return {
    west: Math.max(box.west, WORLD.west),
    south: Math.max(box.south, WORLD.south),
    east: Math.min(box.east, WORLD.east),
    north: Math.min(box.north, WORLD.north),
  };
}

function regionsBox(): Box | null {
  const corners = regions.items.flatMap(({ area }) => area.coordinates.flat(2));
  return boxAround(corners.map(([lng, lat]) => ({ lng: lng!, lat: lat! })));
}

function baseBox(): Box | null {
  const base = session.organization?.base;
  return base ? pad({ west: base.lng, east: base.lng, south: base.lat, north: base.lat }, 0.05) : null;
}

/** A little air around, and never less than a few streets. */
function roomy(box: Box): Box {
  const least = 0.01;
  const isSmall = box.east - box.west < least && box.north - box.south < least;
  return isSmall ? pad(box, least) : grow(box, 1.05);
}
