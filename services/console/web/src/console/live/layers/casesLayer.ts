// Cases on the map, by state and urgency.
import type { FeatureCollection } from 'geojson';
import type { GeoJSONSource, LayerSpecification } from 'maplibre-gl';
import type { ReadyMap } from '../../../map/BaseMap.svelte';
import type { Colours } from '../../../map/colours';
import type { ListedCase } from '../cases.svelte';
import { caseIcon, drawIcons, type CaseMark } from './icons';

const SOURCE = 'cases';

/** The layer that a click looks at. */
export const CASES_LAYER = 'cases';

/** How a case is marked. */
export function markOf(state: string): CaseMark {
  return state === 'assigned' || state === 'in_progress' || state === 'done' ? state : 'open';
}

/** Draws cases. */
export class CasesLayer {
  #source: GeoJSONSource;
  #shown = '';

  constructor({ map, painter }: ReadyMap) {
    painter.onColours((colours) => drawIcons(map, colours));
    map.addSource(SOURCE, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } });
    this.#source = map.getSource<GeoJSONSource>(SOURCE)!;
    painter.add(layers);
  }

  show(cases: ListedCase[], selected: string | null): void {
    const data = features(cases, selected);
    // The list is read every few seconds and seldom differs.
    const next = JSON.stringify(data);
    if (next === this.#shown) return;
    this.#shown = next;
    void this.#source.setData(data);
  }
}

function features(cases: ListedCase[], selected: string | null): FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: cases.flatMap(({ id, number, title, state, urgent, position }) => position ? [{
      type: 'Feature' as const,
      properties: { id, label: `${number} ${title}`, icon: caseIcon(markOf(state), urgent), rank: id === selected ? 2 : urgent ? 1 : 0, selected: id === selected },
      geometry: { type: 'Point' as const, coordinates: [position.lng, position.lat] },
    }] : []),
  };
}

function layers(colours: Colours): LayerSpecification[] {
  return [
    { id: 'cases-selected', type: 'circle', source: SOURCE, filter: ['get', 'selected'],
      paint: { 'circle-radius': 18, 'circle-color': colours.selected, 'circle-opacity': 0.12, 'circle-stroke-color': colours.selected, 'circle-stroke-width': 2.5 } },
    { id: CASES_LAYER, type: 'symbol', source: SOURCE,
      layout: { 'icon-image': ['get', 'icon'], 'icon-allow-overlap': true, 'icon-ignore-placement': true, 'symbol-sort-key': ['get', 'rank'], 'icon-size': ['interpolate', ['linear'], ['zoom'], 9, 0.7, 14, 1] } },
    { id: 'cases-names', type: 'symbol', source: SOURCE, minzoom: 14,
      layout: { 'text-field': ['get', 'label'], 'text-size': 11.5, 'text-anchor': 'bottom', 'text-offset': [0, -1.2], 'text-max-width': 12, 'text-padding': 4 },
      paint: { 'text-color': colours.label, 'text-halo-color': colours.halo, 'text-halo-width': 1.6 } },
  ];
}
