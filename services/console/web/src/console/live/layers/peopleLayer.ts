// People on the map: one source with ids of our own, changed by one `updateData` at a time. Replacing
// the whole source would take several times as long (see bench/).
import type { ExpressionSpecification, GeoJSONSource, LayerSpecification, Map as MapLibreMap } from 'maplibre-gl';
import type { ReadyMap } from '../../../map/BaseMap.svelte';
import type { Colours } from '../../../map/colours';
import type { PeopleChange } from '../data/people.svelte';
import { isCell, LAST_AGE_STEP, type Duty, type Person } from '../data/person';
import { addChange, drawnOf, emptyDiff, isEmpty, lookOf, type Diff, type Drawn } from './peopleFeatures';

const SOURCE = 'people';
/** From this zoom on everybody has a name and a ring that shows how exact the fix is. */
const NEAR_ZOOM = 13;

/** With more people than this, the marks of motion and work are left out: dots that close cannot show
 *  them, and each layer makes an update of 10,000 people a third slower. */
const MANY = 3_000;
const MARKS = ['people-moving', 'people-busy'];

/** Layers that a click looks at. */
export const PEOPLE_LAYERS = ['people', 'people-hollow'];

/** Draws people who are shown one by one. Those known by their cell only are left to the cells. */
export class PeopleLayer {
  #source: GeoJSONSource;
  #numbers = new Map<string, number>();
  #ids: string[] = [];
  /** As they are to be drawn. */
  #people = new Map<string, Person>();
  /** As the source has them. */
  #sent = new Map<string, Drawn>();
  #touched = new Set<string>();
  #isRunning = false;
  #map: MapLibreMap;
  #selected: number | null = null;
  #isNear: boolean;
  #hasMarks = true;

  constructor({ map, painter }: ReadyMap) {
    this.#map = map;
    // Points need no buffer: each is drawn whole by the tile that holds it.
    map.addSource(SOURCE, { type: 'geojson', data: { type: 'FeatureCollection', features: [] }, maxzoom: 16, buffer: 0, tolerance: 0 });
    this.#source = map.getSource<GeoJSONSource>(SOURCE)!;
    painter.add(layers);
    this.#isNear = map.getZoom() >= NEAR_ZOOM;
    map.on('zoom', () => this.#onZoom());
  }

  /** Draws a change. Answers when the map has it. */
  apply({ set, removed }: PeopleChange): Promise<void> {
    for (const id of removed) this.#remove(id);
    for (const person of set) {
      this.#touched.add(person.staff_id);
      if (isCell(person)) this.#remove(person.staff_id);
      else this.#people.set(person.staff_id, person);
    }
    this.#showMarks();
    return this.#send();
  }

  /** Draws everybody as they are now: those fainter whose fix has become older. */
  again(): Promise<void> {
    for (const id of this.#people.keys()) this.#touched.add(id);
    return this.#send();
  }

  /** Leaves out the name of the selected person, which the focus writes. */
  select(id: string | null): void {
    if (this.#selected !== null) this.#map.removeFeatureState({ source: SOURCE, id: this.#selected });
    this.#selected = id === null ? null : this.#number(id);
    if (this.#selected !== null) this.#map.setFeatureState({ source: SOURCE, id: this.#selected }, { selected: true });
  }

  /** Who a feature is. */
  idOf(number: number): string | undefined {
    return this.#ids[number];
  }

  #onZoom(): void {
    const isNear = this.#map.getZoom() >= NEAR_ZOOM;
    if (isNear === this.#isNear) return;
    this.#isNear = isNear;
    void this.again();
  }

  #remove(id: string): void {
    this.#people.delete(id);
    this.#touched.add(id);
  }

  #showMarks(): void {
    const hasMarks = this.#people.size <= MANY;
    if (hasMarks === this.#hasMarks) return;
    this.#hasMarks = hasMarks;
    for (const id of MARKS) this.#map.setLayoutProperty(id, 'visibility', hasMarks ? 'visible' : 'none');
  }

  /** Sends what is touched. While the worker is busy, the next changes are collected. */
  async #send(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.#touched.size > 0) {
        const diff = this.#diff();
        if (!isEmpty(diff)) await this.#source.updateData(diff);
      }
    } finally {
      this.#isRunning = false;
    }
  }

  #diff(): Diff {
    const [diff, now] = [emptyDiff(), Date.now()];
    for (const id of this.#touched) {
      const person = this.#people.get(id);
      const before = this.#sent.get(id);
      if (person) {
        const drawn = drawnOf(person, this.#number(id), now, this.#isNear);
        addChange(diff, before, drawn);
        this.#sent.set(id, drawn);
      } else if (before) {
        diff.remove.push(before.number);
        this.#sent.delete(id);
      }
    }
    this.#touched.clear();
    return diff;
  }

  #number(id: string): number {
    let number = this.#numbers.get(id);
    if (number === undefined) {
      number = this.#ids.length;
      this.#numbers.set(id, number);
      this.#ids.push(id);
    }
    return number;
  }
}

/** Metres to pixels at zoom 22 on the equator. */
const PIXELS_PER_METRE = (512 * 2 ** 22) / 40_075_016.686;
const ringRadius: ExpressionSpecification = ['interpolate', ['exponential', 2], ['zoom'], 0, 0, 22, ['*', ['get', 'ring'], PIXELS_PER_METRE]];
const size = (far: number, near: number): ExpressionSpecification => ['interpolate', ['linear'], ['zoom'], 9, far, 15, near];
const OPACITIES = ['ff', 'cc', '99', '73', '4d'];
const DUTIES: Duty[] = ['free', 'busy', 'off', 'unknown'];

/** The colour of each look: one value for each person, which costs less than a colour and an opacity. */
function lookColour(colours: Colours): ExpressionSpecification {
  const looks = DUTIES.flatMap((duty) => OPACITIES.slice(0, LAST_AGE_STEP + 1).flatMap((opacity, age) => [lookOf(duty, age), colours[duty] + opacity]));
  return ['match', ['get', 'look'], ...looks, colours.unknown] as unknown as ExpressionSpecification;
}

function layers(colours: Colours): LayerSpecification[] {
  const colour = lookColour(colours);
  return [
    { id: 'people-rings', type: 'circle', source: SOURCE, minzoom: NEAR_ZOOM, filter: ['>', ['get', 'ring'], 15],
      paint: { 'circle-radius': ringRadius, 'circle-color': colours.ring, 'circle-opacity': 0.06, 'circle-stroke-color': colours.ring, 'circle-stroke-width': 1, 'circle-stroke-opacity': 0.35 } },
    { id: 'people-hollow', type: 'circle', source: SOURCE, filter: ['==', ['get', 'kind'], 'hollow'],
      paint: { 'circle-radius': size(3, 5.5), 'circle-color': colours.land, 'circle-opacity': 0.5, 'circle-stroke-color': colour, 'circle-stroke-width': 1.5 } },
    { id: 'people-moving', type: 'circle', source: SOURCE, filter: ['get', 'moving'],
      paint: { 'circle-radius': size(6, 12), 'circle-opacity': 0, 'circle-stroke-color': colour, 'circle-stroke-width': 1.5 } },
    { id: 'people', type: 'circle', source: SOURCE, filter: ['==', ['get', 'kind'], 'fix'],
      paint: { 'circle-radius': size(3.5, 7.5), 'circle-color': colour, 'circle-stroke-color': colours.edge, 'circle-stroke-width': 1.2 } },
    { id: 'people-busy', type: 'circle', source: SOURCE, filter: ['get', 'busy'],
      paint: { 'circle-radius': size(1.3, 2.8), 'circle-color': colours.edge } },
    { id: 'people-names', type: 'symbol', source: SOURCE, minzoom: NEAR_ZOOM,
      layout: { 'text-field': ['get', 'name'], 'text-size': 12, 'text-offset': [0, 1.1], 'text-anchor': 'top', 'text-max-width': 9, 'text-padding': 3 },
      paint: { 'text-color': colours.label, 'text-halo-color': colours.halo, 'text-halo-width': 1.6, 'text-opacity': ['case', ['boolean', ['feature-state', 'selected'], false], 0, 1] } },
  ];
}
