// A person on the live map: what the API says, and what the page reckons from it. Pure.
import type { Schemas } from '../../../api/api';

/** A position as the API sends it. What it does not know yet is absent. */
export type LivePosition = Schemas['LivePosition'] & { moving?: boolean | null; on_shift?: boolean | null; busy?: boolean | null };

/** The same with the instant of the fix by this computer's clock; null without a fix. */
export type Person = LivePosition & { seenMs: number | null };

/** What a person is doing, as far as it is known. */
export type Duty = 'free' | 'busy' | 'off' | 'unknown';

/** A position that has just come. Its age is right even if this computer's clock is not. */
export function arrived(position: LivePosition, nowMs: number): Person {
  return { ...position, seenMs: position.age_s === null ? null : nowMs - position.age_s * 1_000 };
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
