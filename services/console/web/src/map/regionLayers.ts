// The organisation's regions as outlines with names.
import type { FeatureCollection } from 'geojson';
import type { GeoJSONSource, LayerSpecification, Map as MapLibreMap } from 'maplibre-gl';
import type { Colours } from './colours';
import { feature, labelPoint } from './geometry';
import type { Painter } from './painter';
import type { RegionArea } from './regions.svelte';

const OUTLINES = 'regions';
const NAMES = 'region-names';

/** Draws regions; call it again when they change. */
export function drawRegions(map: MapLibreMap, painter: Painter, regions: RegionArea[]): void {
  const [outlines, names] = [outlinesOf(regions), namesOf(regions)];
  if (map.getSource(OUTLINES)) {
    void map.getSource<GeoJSONSource>(OUTLINES)!.setData(outlines);
    void map.getSource<GeoJSONSource>(NAMES)!.setData(names);
    return;
  }
  map.addSource(OUTLINES, { type: 'geojson', data: outlines });
  map.addSource(NAMES, { type: 'geojson', data: names });
  painter.add(layers);
}

function outlinesOf(regions: RegionArea[]): FeatureCollection {
  return { type: 'FeatureCollection', features: regions.map(({ name, area }) => feature(area, { name })) };
}

function namesOf(regions: RegionArea[]): FeatureCollection {
  return {
    type: 'FeatureCollection',
    features: regions.flatMap(({ name, area }) => {
      const at = labelPoint(area);
      return at ? [{ type: 'Feature' as const, properties: { name }, geometry: { type: 'Point' as const, coordinates: [at.lng, at.lat] } }] : [];
    }),
  };
}

function layers(colours: Colours): LayerSpecification[] {
  return [
    { id: 'region-lines', type: 'line', source: OUTLINES, paint: { 'line-color': colours.border, 'line-width': 1.2, 'line-dasharray': [3, 2], 'line-opacity': 0.8 } },
    {
      id: 'region-names',
      type: 'symbol',
      source: NAMES,
      minzoom: 9,
      layout: { 'text-field': ['get', 'name'], 'text-size': 13, 'text-letter-spacing': 0.06, 'text-max-width': 8 },
      paint: { 'text-color': colours.border, 'text-halo-color': colours.halo, 'text-halo-width': 1.4 },
    },
  ];
}
