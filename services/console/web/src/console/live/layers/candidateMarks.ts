// Candidates at one point are one mark: several people share the centre of a cell as their home, and
// ranks that are printed over each other cannot be read. Pure.
import type { ShownCandidate } from '../overlay.svelte';

/** A mark with everybody at its point, the best first. */
export type CandidateMark = { people: ShownCandidate[]; position: ShownCandidate['position'] };

/** One mark for each point. */
export function marksOf(candidates: ShownCandidate[]): CandidateMark[] {
  const marks = new Map<string, CandidateMark>();
  for (const candidate of [...candidates].sort((one, other) => one.rank - other.rank)) {
    const { lat, lng } = candidate.position;
    const mark = marks.get(`${lat},${lng}`);
    if (mark) mark.people.push(candidate);
    else marks.set(`${lat},${lng}`, { people: [candidate], position: candidate.position });
  }
  return [...marks.values()];
}

/** Such as "2", "2, 3", or "2 +4" with four more. */
export function rankLabel({ people }: CandidateMark): string {
  const [best, second] = people;
  if (people.length <= 2) return [best, second].flatMap((one) => one?.rank ?? []).join(', ');
  return `${best!.rank} +${people.length - 1}`;
}

/** The names below it. Of more than two only the best, or the one that is looked at. */
export function namesLabel({ people }: CandidateMark, hovered: string | null): string {
  const looked = people.find((one) => one.staff_id === hovered);
  if (looked) return looked.name;
  return people.length <= 2 ? people.map((one) => one.name).join(', ') : `${people[0]!.name} +${people.length - 1}`;
}
