// A person on the live map: what the API says, and what the page reckons from it. Pure.
import type { Schemas } from '../../../api/api';
import { metresBetween } from '../../../map/geometry';

/** A position as the API sends it. */
export type LivePosition = Schemas['LivePosition'];

/** The same with the instant of the fix by this computer's clock, null without a fix; and whether the
 *  person moves, as two fixes tell, absent before the second one. */
export type Person = LivePosition & { seenMs: number | null; moving?: boolean };

/** What a person is doing, as far as it is known. */
export type Duty = 'free' | 'busy' | 'off' | 'unknown';

/** A position that has just come, after another one of the same person. Its age is right even if this
 *  computer's clock is not. */
export function arrived(position: LivePosition, nowMs: number, before?: Person): Person {
  const seenMs = position.age_s === null ? null : nowMs - position.age_s * 1_000;
  return { ...position, seenMs, moving: motion(position, before) };
}

/** Two fixes further apart than this tell nothing of what somebody does now. */
const MOTION_WINDOW_MS = 5 * 60_000;
/** From this speed on, a slow walk, somebody moves. */
const MOVING_MPS = 0.7;

/** Whether somebody moves: by the way between two fixes, less what they may be off. */
function motion(now: LivePosition, before?: Person): boolean | undefined {
  if (!before?.fix_at || !now.fix_at || isHollow(now) || isCell(now) || isCell(before)) return undefined;
  const passedMs = Date.parse(now.fix_at) - Date.parse(before.fix_at);
  if (passedMs <= 0) return before.moving;
  if (passedMs > MOTION_WINDOW_MS) return undefined;
  const way = metresBetween(before.position, now.position);
  return way > Math.max(now.accuracy_m ?? 0, before.accuracy_m ?? 0, (MOVING_MPS * passedMs) / 1_000);
}

/** Work counts before hours: who is on a job is busy also outside them. */
export function dutyOf(person: LivePosition): Duty {
  if (person.busy) return 'busy';
  if (person.on_shift === false) return 'off';
  if (person.on_shift === true && person.busy === false) return 'free';
  return 'unknown';
}

/** Whether they are drawn where they are taken to be, since no phone says where they are. */
export function isHollow(person: LivePosition): boolean {
  return person.source !== 'ping';
}

/** Whether only the cell is known: a cell's centre has no accuracy. */
export function isCell(person: LivePosition): boolean {
  return person.grade === 'coarse' && person.accuracy_m === null;
}

/** From these seconds on a fix is drawn fainter. */
const AGE_STEPS_S = [120, 600, 1_800, 7_200];

/** The oldest step. */
export const LAST_AGE_STEP = AGE_STEPS_S.length;

/** How faint a person is drawn, from 0. Without a fix they do not fade: being hollow says enough. */
export function ageStep(person: Person, nowMs: number): number {
  if (person.seenMs === null) return 0;
  const seconds = (nowMs - person.seenMs) / 1_000;
  return AGE_STEPS_S.filter((limit) => seconds >= limit).length;
}
