// The selected person, always on top: their mark, name, accuracy and, if asked for, their way.
import type { Feature, FeatureCollection } from 'geojson';
import type { ExpressionSpecification, GeoJSONSource, LayerSpecification } from 'maplibre-gl';
import type { ReadyMap } from '../../../map/BaseMap.svelte';
import type { Colours } from '../../../map/colours';
import { circle } from '../../../map/geometry';
import type { Way } from '../data/way.svelte';
import { dutyOf, isCell, isHollow, type Person } from '../data/person';
import { CELL_RADIUS_M } from './cellsLayer';

const SOURCE = 'focus';
const WAY = 'way';
const none: FeatureCollection = { type: 'FeatureCollection', features: [] };

/** The layer that a click looks at. */
export const FOCUS_LAYER = 'focus';

/** Draws the way of the selected person; below all people. */
export class WayLayer {
  #source: GeoJSONSource;

  constructor({ map, painter }: ReadyMap) {
    map.addSource(WAY, { type: 'geojson', data: none });
    this.#source = map.getSource<GeoJSONSource>(WAY)!;
    painter.add(wayLayers);
  }

  show(way: Way | null): void {
    void this.#source.setData((way as FeatureCollection | null) ?? none);
  }
}

/** Draws the selected person; above all people. */
export class FocusLayer {
  #source: GeoJSONSource;

  constructor({ map, painter }: ReadyMap) {
    map.addSource(SOURCE, { type: 'geojson', data: none });
    this.#source = map.getSource<GeoJSONSource>(SOURCE)!;
    painter.add(focusLayers);
  }

  show(person: Person | null): void {
    void this.#source.setData(person ? { type: 'FeatureCollection', features: featuresOf(person) } : none);
  }
}

function featuresOf(person: Person): Feature[] {
  const { lat, lng } = person.position;
  const properties = { id: person.staff_id, n: person.display_name ?? '', duty: dutyOf(person), hollow: isHollow(person), cell: isCell(person) };
  const radius = isCell(person) ? CELL_RADIUS_M : person.accuracy_m ?? 0;
  const ring: Feature[] = radius > 0 ? [{ type: 'Feature', properties, geometry: circle(person.position, radius) }] : [];
  return [...ring, { type: 'Feature', properties, geometry: { type: 'Point', coordinates: [lng, lat] } }];
}

function focusLayers(colours: Colours): LayerSpecification[] {
  const colour: ExpressionSpecification = ['match', ['get', 'duty'], 'free', colours.free, 'busy', colours.busy, 'off', colours.off, colours.unknown];
  const point: ExpressionSpecification = ['==', ['geometry-type'], 'Point'];
  // Of whom only the cell is known, nothing is drawn in its middle but the name.
  const exact: ExpressionSpecification = ['all', point, ['!', ['get', 'cell']]];
  return [
    { id: 'focus-ring', type: 'fill', source: SOURCE, filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': colours.ring, 'fill-opacity': 0.15 } },
    { id: 'focus-ring-line', type: 'line', source: SOURCE, filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'line-color': colours.ring, 'line-width': 2 } },
    { id: 'focus-halo', type: 'circle', source: SOURCE, filter: exact,
      paint: { 'circle-radius': 16, 'circle-color': colours.selected, 'circle-opacity': 0.12, 'circle-stroke-color': colours.selected, 'circle-stroke-width': 2.5 } },
    { id: FOCUS_LAYER, type: 'circle', source: SOURCE, filter: exact,
      paint: { 'circle-radius': 8.5, 'circle-color': ['case', ['get', 'hollow'], colours.land, colour], 'circle-stroke-color': ['case', ['get', 'hollow'], colour, colours.edge], 'circle-stroke-width': 2 } },
    { id: 'focus-busy', type: 'circle', source: SOURCE, filter: ['all', exact, ['==', ['get', 'duty'], 'busy'], ['!', ['get', 'hollow']]],
      paint: { 'circle-radius': 3, 'circle-color': colours.edge } },
    { id: 'focus-name', type: 'symbol', source: SOURCE, filter: point,
      layout: { 'text-field': ['get', 'n'], 'text-size': 13.5, 'text-offset': [0, 1.5], 'text-anchor': 'top', 'text-allow-overlap': true, 'text-ignore-placement': true },
      paint: { 'text-color': colours.label, 'text-halo-color': colours.halo, 'text-halo-width': 2.2 } },
  ];
}

function wayLayers(colours: Colours): LayerSpecification[] {
  return [
    { id: 'way-edge', type: 'line', source: WAY, layout: { 'line-cap': 'round', 'line-join': 'round' }, paint: { 'line-color': colours.edge, 'line-width': 6, 'line-opacity': 0.7 } },
    { id: 'way', type: 'line', source: WAY, layout: { 'line-cap': 'round', 'line-join': 'round' }, paint: { 'line-color': colours.track, 'line-width': 3 } },
    { id: 'way-points', type: 'circle', source: WAY, filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-radius': 4, 'circle-color': colours.track, 'circle-stroke-color': colours.edge, 'circle-stroke-width': 1 } },
  ];
}
