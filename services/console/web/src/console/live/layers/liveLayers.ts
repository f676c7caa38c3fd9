// All layers of the live map, in the order in which they lie on each other.
import type { ReadyMap } from '../../../map/BaseMap.svelte';
import { CasesLayer } from './casesLayer';
import { CellsLayer } from './cellsLayer';
import { CountsLayer } from './countsLayer';
import { FocusLayer, WayLayer } from './focusLayer';
import { OverlayLayer } from './overlayLayer';
import { PeopleLayer } from './peopleLayer';

/** The layers, from the bottom. */
export class LiveLayers {
  readonly way: WayLayer;
  readonly cases: CasesLayer;
  readonly cells: CellsLayer;
  readonly counts: CountsLayer;
  readonly people: PeopleLayer;
  readonly overlay: OverlayLayer;
  readonly focus: FocusLayer;

  constructor(ready: ReadyMap) {
    this.way = new WayLayer(ready);
    this.cases = new CasesLayer(ready);
    this.cells = new CellsLayer(ready);
    this.counts = new CountsLayer(ready);
    this.people = new PeopleLayer(ready);
    this.overlay = new OverlayLayer(ready);
    this.focus = new FocusLayer(ready);
  }

  /** Who a feature of the people's source is. */
  idOf = (number: number): string | undefined => this.people.idOf(number);

  /** Who is in a cell of the cells' source. */
  peopleOf = (cell: number): string[] => this.cells.peopleOf(cell);
}
