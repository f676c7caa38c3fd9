// How many people are in each cell, as the API counted them, where they are too many to be shown one
// by one.
import type { FeatureCollection } from 'geojson';
import type { GeoJSONSource, LayerSpecification } from 'maplibre-gl';
import type { Schemas } from '../../../api/api';
import type { ReadyMap } from '../../../map/BaseMap.svelte';
import type { Colours } from '../../../map/colours';

const SOURCE = 'counts';

/** The layer that a click looks at. */
export const COUNTS_LAYER = 'counts';

/** Draws counts. */
export class CountsLayer {
  #source: GeoJSONSource;

  constructor({ map, painter }: ReadyMap) {
    map.addSource(SOURCE, { type: 'geojson', data: features(null) });
    this.#source = map.getSource<GeoJSONSource>(SOURCE)!;
    painter.add(layers);
  }

  show(counts: Schemas['PositionCounts'] | null): void {
    void this.#source.setData(features(counts));
  }
}

function features(counts: Schemas['PositionCounts'] | null): FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: (counts?.items ?? []).map(({ cell, people, position }) => ({
      type: 'Feature',
      properties: { cell, people },
      geometry: { type: 'Point', coordinates: [position.lng, position.lat] },
    })),
  };
}

function layers(colours: Colours): LayerSpecification[] {
  return [
    { id: COUNTS_LAYER, type: 'circle', source: SOURCE,
      paint: { 'circle-radius': ['interpolate', ['linear'], ['sqrt', ['get', 'people']], 1, 10, 10, 18, 60, 34], 'circle-color': colours.count, 'circle-opacity': 0.88, 'circle-stroke-color': colours.edge, 'circle-stroke-width': 1.5 } },
    { id: 'counts-text', type: 'symbol', source: SOURCE,
      layout: { 'text-field': ['to-string', ['get', 'people']], 'text-size': 12, 'text-allow-overlap': true, 'symbol-sort-key': ['get', 'people'] },
      paint: { 'text-color': colours.countText } },
  ];
}
