// What lies under a click, each thing once, people before cases.
import type { Map as MapLibreMap, MapGeoJSONFeature, PointLike } from 'maplibre-gl';
import { CASES_LAYER } from './casesLayer';
import { CELLS_LAYER } from './cellsLayer';
import { COUNTS_LAYER } from './countsLayer';
import { FOCUS_LAYER } from './focusLayer';
import { CANDIDATES_LAYER } from './overlayLayer';
import { PEOPLE_LAYERS } from './peopleLayer';

/** Something that can be selected. */
export type Hit = { kind: 'person' | 'case' | 'candidate'; id: string };

/** What lies somewhere: things, or a number of people. */
export type Found = { hits: Hit[]; count: { lat: number; lng: number } | null };

/** Who numbers and cells of the map are. */
export type Lookup = { idOf: (number: number) => string | undefined; peopleOf: (cell: number) => string[] };

/** How far from a click something may lie, in pixels. Small marks are hard to hit. */
const AROUND = 7;
const LAYERS = [CANDIDATES_LAYER, FOCUS_LAYER, ...PEOPLE_LAYERS, CELLS_LAYER, CASES_LAYER, COUNTS_LAYER];

/** What lies around a point of the map. */
export function hitsAt(map: MapLibreMap, { x, y }: { x: number; y: number }, lookup: Lookup): Found {
  const around: [PointLike, PointLike] = [[x - AROUND, y - AROUND], [x + AROUND, y + AROUND]];
  const features = map.queryRenderedFeatures(around, { layers: LAYERS });
  const hits = unique(features.flatMap((feature) => hitsOf(feature, lookup)));
  const count = features.find((feature) => feature.layer.id === COUNTS_LAYER);
  const at = count?.geometry.type === 'Point' ? count.geometry.coordinates : null;
  return { hits, count: at ? { lng: at[0]!, lat: at[1]! } : null };
}

function hitsOf(feature: MapGeoJSONFeature, lookup: Lookup): Hit[] {
  const id = String(feature.properties.id ?? '');
  switch (feature.layer.id) {
    case CANDIDATES_LAYER: return String(feature.properties.ids).split(' ').map((person) => ({ kind: 'candidate', id: person }));
    case CASES_LAYER: return [{ kind: 'case', id }];
    case FOCUS_LAYER: return [{ kind: 'person', id }];
    case CELLS_LAYER: return lookup.peopleOf(Number(feature.properties.index)).map((person) => ({ kind: 'person', id: person }));
    case COUNTS_LAYER: return [];
    default: {
      const person = lookup.idOf(Number(feature.id));
      return person ? [{ kind: 'person', id: person }] : [];
    }
  }
}

const ORDER = { candidate: 0, person: 1, case: 2 };

/** Each thing once. A person who is a candidate as well is one thing. */
export function unique(hits: Hit[]): Hit[] {
  const seen = new Map<string, Hit>();
  for (const hit of [...hits].sort((one, other) => ORDER[one.kind] - ORDER[other.kind])) {
    const key = `${hit.kind === 'case' ? 'case' : 'person'} ${hit.id}`;
    if (!seen.has(key)) seen.set(key, hit);
  }
  return [...seen.values()];
}
