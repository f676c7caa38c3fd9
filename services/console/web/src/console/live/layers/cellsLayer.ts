// People of whom only the cell is known: one mark for each cell, with the number of people in it. It
// must not look as if anybody stood in its middle.
import type { FeatureCollection } from 'geojson';
import type { GeoJSONSource, LayerSpecification } from 'maplibre-gl';
import type { ReadyMap } from '../../../map/BaseMap.svelte';
import type { Colours } from '../../../map/colours';
import { circle, feature } from '../../../map/geometry';
import { CELL_ICON } from './icons';
import { isCell, isHollow, type Person } from '../data/person';

const AREAS = 'cells';
const CENTRES = 'cell-centres';
/** Somebody shown at a cell's centre is not further away than this (H3 resolution 7). */
export const CELL_RADIUS_M = 2_000;

/** The layer that a click looks at. */
export const CELLS_LAYER = 'cells-marks';

/** A cell with somebody in it. */
export type Cell = { lat: number; lng: number; people: string[]; live: number };

/** The cells of people of whom no more is known. */
export function cellsOf(people: Iterable<Person>): Cell[] {
  const cells = new Map<string, Cell>();
  for (const person of people) {
    if (!isCell(person)) continue;
    const { lat, lng } = person.position;
    const key = `${lat},${lng}`;
    const cell = cells.get(key) ?? { lat, lng, people: [], live: 0 };
    cell.people.push(person.staff_id);
    if (!isHollow(person)) cell.live += 1;
    cells.set(key, cell);
  }
  return [...cells.values()];
}

/** Draws cells. */
export class CellsLayer {
  #areas: GeoJSONSource;
  #centres: GeoJSONSource;
  #cells: Cell[] = [];

  constructor({ map, painter }: ReadyMap) {
    const none: FeatureCollection = { type: 'FeatureCollection', features: [] };
    map.addSource(AREAS, { type: 'geojson', data: none });
    map.addSource(CENTRES, { type: 'geojson', data: none });
    this.#areas = map.getSource<GeoJSONSource>(AREAS)!;
    this.#centres = map.getSource<GeoJSONSource>(CENTRES)!;
    painter.add(layers);
  }

  show(people: Iterable<Person>): void {
    const cells = cellsOf(people);
    if (cells.length === 0 && this.#cells.length === 0) return;
    this.#cells = cells;
    void this.#areas.setData({ type: 'FeatureCollection', features: cells.map((cell) => feature(circle(cell, CELL_RADIUS_M), { live: cell.live })) });
    void this.#centres.setData({
      type: 'FeatureCollection',
      features: cells.map((cell, index) => ({
        type: 'Feature',
        properties: { index, people: cell.people.length, live: cell.live },
        geometry: { type: 'Point', coordinates: [cell.lng, cell.lat] },
      })),
    });
  }

  /** Who is in a cell of the map. */
  peopleOf(index: number): string[] {
    return this.#cells[index]?.people ?? [];
  }
}

function layers(colours: Colours): LayerSpecification[] {
  return [
    { id: 'cells', type: 'fill', source: AREAS, paint: { 'fill-color': colours.cell, 'fill-opacity': ['case', ['>', ['get', 'live'], 0], 0.07, 0.03] } },
    { id: 'cells-lines', type: 'line', source: AREAS, paint: { 'line-color': colours.cell, 'line-opacity': 0.35, 'line-dasharray': [2, 2] } },
    { id: CELLS_LAYER, type: 'symbol', source: CENTRES,
      layout: {
        'icon-image': CELL_ICON, 'icon-size': 1.15, 'icon-allow-overlap': true, 'icon-ignore-placement': true,
        'text-field': ['to-string', ['get', 'people']], 'text-size': 12, 'text-allow-overlap': true, 'text-ignore-placement': true,
      },
      paint: { 'text-color': colours.label } },
  ];
}
