// When people are shown one by one, and when they are counted by cell. Pure.
import { grow, holds, type Box } from '../../../map/geometry';

/** One by one, or counted. */
export type Mode = 'people' | 'counts';

/** The most people that a stream's snapshot holds. */
export const MOST_PEOPLE = 10_000;

/** From this zoom on people are told apart, unless they are more than a stream sends. */
const NEAR_ZOOM = 10.5;
/** So few are never counted. */
const FEW = 50;
/** Cells are some 30 pixels wide. With more people in each on average, marks lie on each other. */
const CROWDED = 3;

/** How many people there are, and in how many cells. */
export type Crowd = { people: number; cells: number };

/** What suits. Who is counted stays counted until there are clearly fewer, so that it does not flicker. */
export function modeFor({ people, cells }: Crowd, zoom: number, before: Mode): Mode {
  const share = before === 'counts' ? 0.8 : 1;
  if (people > MOST_PEOPLE * share) return 'counts';
  if (zoom >= NEAR_ZOOM || people <= FEW) return 'people';
  return people > cells * CROWDED * share ? 'counts' : 'people';
}

/** How much more than the viewport is asked for, so that small moves ask nothing. */
const MORE = 1.5;
/** A viewport so much narrower than what was asked for is asked for anew: less to read. */
const FAR_NARROWER = 4;

/** What to ask for to show a viewport. */
export function askFor(view: Box): Box {
  return grow(view, MORE);
}

/** Whether what was asked for no longer suits the viewport. */
export function isOutgrown(asked: Box, view: Box): boolean {
  return !holds(asked, view) || asked.east - asked.west > (view.east - view.west) * MORE * FAR_NARROWER;
}
