// What somebody has at the time of the work of an offer, as the API's refusal (409 `overlap`) lists it.
import { words } from '../../../texts';
import { spanWords } from '../rank/names';

const ASSIGNMENT = /^assignment \S+ to case (.+) \(\S+\) from (\S+) to (\S+)$/;
const TIME_OFF = /^time off \S+ from (\S+) to (\S+)$/;

/** One conflict in words, without ids and in the zone; the API's own words where they are unknown. */
export function conflictWords(detail: string, zone: string): string {
  const assignment = ASSIGNMENT.exec(detail);
  if (assignment) return words.dispatch.conflictCase(assignment[1]!, spanWords(assignment[2], assignment[3], zone));
  const absence = TIME_OFF.exec(detail);
  if (absence) return words.dispatch.conflictTimeOff(spanWords(absence[1], absence[2], zone));
  return detail;
}
