// What the panel of a case shows on the map: the place, and the candidates with their ranks.
import type { Feature, FeatureCollection } from 'geojson';
import type { ExpressionSpecification, GeoJSONSource, LayerSpecification } from 'maplibre-gl';
import type { ReadyMap } from '../../../map/BaseMap.svelte';
import type { Colours } from '../../../map/colours';
import type { LatLng } from '../../../map/geometry';
import type { ShownCandidate } from '../overlay.svelte';
import { marksOf, namesLabel, rankLabel } from './candidateMarks';
import { SITE_ICON } from './icons';

const SOURCE = 'overlay';

/** The layer that a click looks at. */
export const CANDIDATES_LAYER = 'candidates';

/** What is to be drawn. */
export type OverlayState = { candidates: ShownCandidate[]; site: LatLng | null; hovered: string | null };

/** Draws the overlay, on top of everything. */
export class OverlayLayer {
  #source: GeoJSONSource;

  constructor({ map, painter }: ReadyMap) {
    map.addSource(SOURCE, { type: 'geojson', data: { type: 'FeatureCollection', features: [] } });
    this.#source = map.getSource<GeoJSONSource>(SOURCE)!;
    painter.add(layers);
  }

  show(state: OverlayState): void {
    void this.#source.setData(features(state));
  }
}

function features({ candidates, site, hovered }: OverlayState): FeatureCollection {
  const marks = marksOf(candidates).map((mark): Feature => {
    const { people, position } = mark;
    const isHovered = people.some((one) => one.staff_id === hovered);
    const ranks = rankLabel(mark);
    return {
      type: 'Feature',
      properties: {
        kind: 'candidate',
        ids: people.map((one) => one.staff_id).join(' '),
        ranks,
        radius: ranks.length <= 2 ? 11 : ranks.length <= 4 ? 16 : 21,
        n: namesLabel(mark, hovered),
        live: people.some((one) => one.live),
        hovered: isHovered,
        // The best lies on top, and the one under the pointer above it.
        order: isHovered ? 1_000 : -people[0]!.rank,
      },
      geometry: { type: 'Point', coordinates: [position.lng, position.lat] },
    };
  });
  const from = candidates.find((candidate) => candidate.staff_id === hovered);
  const line: Feature[] = site && from
    ? [{ type: 'Feature', properties: { kind: 'line' }, geometry: { type: 'LineString', coordinates: [[from.position.lng, from.position.lat], [site.lng, site.lat]] } }]
    : [];
  const place: Feature[] = site ? [{ type: 'Feature', properties: { kind: 'site' }, geometry: { type: 'Point', coordinates: [site.lng, site.lat] } }] : [];
  return { type: 'FeatureCollection', features: [...line, ...place, ...marks] };
}

function layers(colours: Colours): LayerSpecification[] {
  const isCandidate: ExpressionSpecification = ['==', ['get', 'kind'], 'candidate'];
  return [
    { id: 'overlay-line', type: 'line', source: SOURCE, filter: ['==', ['get', 'kind'], 'line'], paint: { 'line-color': colours.selected, 'line-width': 2, 'line-dasharray': [2, 1.5] } },
    { id: 'overlay-site', type: 'symbol', source: SOURCE, filter: ['==', ['get', 'kind'], 'site'], layout: { 'icon-image': SITE_ICON, 'icon-allow-overlap': true, 'icon-size': 1.2 } },
    { id: CANDIDATES_LAYER, type: 'circle', source: SOURCE, filter: isCandidate, layout: { 'circle-sort-key': ['get', 'order'] },
      paint: {
        'circle-radius': ['+', ['get', 'radius'], ['case', ['get', 'hovered'], 4, 0]],
        'circle-color': ['case', ['get', 'live'], colours.candidate, colours.land],
        'circle-stroke-color': ['case', ['get', 'live'], colours.edge, colours.candidate],
        'circle-stroke-width': 2,
      } },
    { id: 'candidates-ranks', type: 'symbol', source: SOURCE, filter: isCandidate,
      layout: { 'text-field': ['get', 'ranks'], 'text-size': 12, 'text-allow-overlap': true, 'text-ignore-placement': true, 'symbol-sort-key': ['get', 'order'] },
      paint: { 'text-color': ['case', ['get', 'live'], colours.candidateText, colours.candidate] } },
    { id: 'candidates-names', type: 'symbol', source: SOURCE, filter: isCandidate,
      layout: { 'text-field': ['get', 'n'], 'text-size': 12, 'text-offset': ['interpolate', ['linear'], ['get', 'radius'], 11, ['literal', [0, 1.3]], 21, ['literal', [0, 2.1]]], 'text-anchor': 'top', 'text-max-width': 9, 'symbol-sort-key': ['-', 0, ['get', 'order']] },
      paint: { 'text-color': colours.label, 'text-halo-color': colours.halo, 'text-halo-width': 2 } },
  ];
}
