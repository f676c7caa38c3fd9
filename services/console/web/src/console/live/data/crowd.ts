// When people are shown one by one, and when they are counted by cell. Pure.
import { grow, holds, type Box } from '../../../map/geometry';

/** One by one, or counted. */
export type Mode = 'people' | 'counts';

/** The most people that a stream's snapshot holds. */
export const MOST_PEOPLE = 10_000;

/** The widest viewports may show fewer: marks of many people lie on each other there. */
function mostAt(zoom: number): number {
  if (zoom < 7) return 300;
  if (zoom < 9) return 2_000;
  return MOST_PEOPLE;
}

/** What suits. Who is counted stays counted until there are clearly fewer, so that it does not flicker. */
export function modeFor(people: number, zoom: number, before: Mode): Mode {
  const most = mostAt(zoom);
  return people <= (before === 'counts' ? most * 0.9 : most) ? 'people' : 'counts';
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
