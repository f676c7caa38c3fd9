// The built-in base map: world outlines, the demo's city where it belongs, no tiles, no glyph files,
// no internet. Must not know people or cases.
import type { ExpressionSpecification, FilterSpecification, LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { Colours } from './colours';
import { LOCAL_FONT } from './painter';

/** Ids of the sources that `baseData.ts` fills. */
export const LAND = 'base-land';
export const CITY = 'base-city';

const none = { type: 'FeatureCollection' as const, features: [] };

/** The style without its data, which comes later. */
export function baseStyle(colours: Colours): StyleSpecification {
  return {
    version: 8,
    sources: {
      [LAND]: { type: 'geojson', data: none, attribution: 'Natural Earth', maxzoom: 8, tolerance: 0.2 },
      [CITY]: { type: 'geojson', data: none, maxzoom: 16, tolerance: 0.2 },
    },
    layers: baseLayers(colours),
  };
}

/** Its layers, from the bottom. */
export function baseLayers(colours: Colours): LayerSpecification[] {
  return [
    { id: 'base-sea', type: 'background', paint: { 'background-color': colours.sea } },
    { id: 'base-land', type: 'fill', source: LAND, paint: { 'fill-color': colours.land } },
    { id: 'base-coast', type: 'line', source: LAND, paint: { 'line-color': colours.shore, 'line-width': 0.6 } },
    area('base-city-land', ['land'], colours.land),
    area('base-park', ['park'], colours.park),
    area('base-airport', ['airport'], colours.airport),
    line('base-runway', 'runway', undefined, colours.mainStreet, widths(2, 14)),
    area('base-water', ['water', 'river'], colours.sea),
    line('base-shore', 'shore', undefined, colours.shore, widths(0.8, 2)),
    line('base-river', 'river', undefined, colours.sea, widths(1, 8)),
    line('base-street-edge', 'street', 'main', colours.streetEdge, widths(2, 15)),
    line('base-street-minor', 'street', 'minor', colours.minorStreet, widths(0.6, 8), 12),
    line('base-street-main', 'street', 'main', colours.mainStreet, widths(1.2, 12)),
    line('base-bridge-edge', 'bridge', undefined, colours.label, widths(2.4, 16)),
    line('base-bridge', 'bridge', undefined, colours.mainStreet, widths(1.4, 12)),
    label('base-street-names', ['street', 'bridge', 'river'], colours, 'line', 11, 13.5),
    label('base-place-names', ['park', 'airport', 'water'], colours, 'point', 11, 12),
    label('base-district-names', ['district'], colours, 'point', 13, 10),
  ];
}

const kindIs = (...kinds: string[]): ExpressionSpecification => ['in', ['get', 'kind'], ['literal', kinds]];

function widths(far: number, near: number): ExpressionSpecification {
  return ['interpolate', ['exponential', 1.6], ['zoom'], 10, far, 17, near];
}

function area(id: string, kinds: string[], colour: string): LayerSpecification {
  return { id, type: 'fill', source: CITY, filter: ['all', kindIs(...kinds), ['==', ['geometry-type'], 'Polygon']], paint: { 'fill-color': colour } };
}

function line(id: string, kind: string, rank: string | undefined, colour: string, width: ExpressionSpecification, minzoom = 0): LayerSpecification {
  const isLine: ExpressionSpecification = ['==', ['geometry-type'], 'LineString'];
  const filter: FilterSpecification = rank ? ['all', kindIs(kind), isLine, ['==', ['get', 'rank'], rank]] : ['all', kindIs(kind), isLine];
  return { id, type: 'line', source: CITY, minzoom, filter, layout: { 'line-cap': 'round', 'line-join': 'round' }, paint: { 'line-color': colour, 'line-width': width } };
}

function label(id: string, kinds: string[], colours: Colours, placement: 'line' | 'point', size: number, minzoom: number): LayerSpecification {
  return {
    id,
    type: 'symbol',
    source: CITY,
    minzoom,
    filter: ['all', kindIs(...kinds), ['has', 'name'], ...(placement === 'line' ? [['==', ['geometry-type'], 'LineString'] as ExpressionSpecification] : [])],
    layout: { 'symbol-placement': placement, 'text-field': ['get', 'name'], 'text-font': LOCAL_FONT, 'text-size': size },
    paint: { 'text-color': colours.label, 'text-halo-color': colours.halo, 'text-halo-width': 1.2, 'text-opacity': 0.85 },
  };
}
