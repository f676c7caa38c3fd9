// What the panel of a case asks the map to show beside people and cases. The panel writes, the map reads;
// only a picked place and a clicked candidate go the other way.
import type { Schemas } from '../../api/api';

type LatLng = Schemas['LatLng'];

/** A candidate on the map: from where they would come, and their place in the ranking. */
export type ShownCandidate = { staff_id: string; rank: number; name: string; position: LatLng; live: boolean };

class Overlay {
  /** The ranked people of the open case. */
  candidates: ShownCandidate[] = $state.raw([]);
  /** Where the open or new case is. */
  site: LatLng | null = $state.raw(null);
  /** While set, the next click on the map picks a place and hands it over. */
  pick: ((at: LatLng) => void) | null = $state.raw(null);
  /** The candidate under the pointer or the focus in the list, drawn larger. */
  hovered: string | null = $state(null);
  /** The candidate that was clicked on the map. The panel opens their row and may set it back to null. */
  chosen: string | null = $state(null);

  clear(): void {
    this.candidates = [];
    this.site = null;
    this.pick = null;
    this.hovered = null;
    this.chosen = null;
  }
}

/** The overlay of the live page's map. */
export const overlay = new Overlay();
