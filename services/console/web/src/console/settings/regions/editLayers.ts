// What the map shows of an area that is edited: the area, its corners, what is being drawn, and the
// faults that the server found.
import type { Feature, FeatureCollection, Position } from 'geojson';
import type { GeoJSONSource, LayerSpecification, Map as MapLibreMap } from 'maplibre-gl';
import type { Colours } from '../../../map/colours';
import type { Painter } from '../../../map/painter';
import { geometryOf, type Area, type Corner, type CornerAt } from './area';
import { shapeOf } from './document';

const AREA = 'edit-area';
const DRAWN = 'edit-drawn';
const POINTS = 'edit-points';
const FAULTS = 'edit-faults';

/** Above so many corners the points between them are left out. */
const MANY = 1_500;

/** Adds the sources and layers. */
export function addLayers(map: MapLibreMap, painter: Painter): void {
  for (const id of [AREA, DRAWN, POINTS, FAULTS]) map.addSource(id, { type: 'geojson', data: collection([]) });
  painter.add(layers);
}

/** Layers whose features are corners and the points between them. */
export const HANDLES = ['edit-between', 'edit-corners'];

function layers(colours: Colours): LayerSpecification[] {
  const isKind = (kind: string): ['==', ['get', string], string] => ['==', ['get', 'kind'], kind];
  return [
    { id: 'edit-fill', type: 'fill', source: AREA, filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': colours.ring, 'fill-opacity': 0.18 } },
    { id: 'edit-outline', type: 'line', source: AREA, filter: ['==', ['geometry-type'], 'LineString'], paint: { 'line-color': colours.ring, 'line-width': 2.5 } },
    { id: 'edit-drawn-line', type: 'line', source: DRAWN, filter: ['==', ['geometry-type'], 'LineString'], paint: { 'line-color': colours.selected, 'line-width': 2, 'line-dasharray': [2, 1.5] } },
    { id: 'edit-drawn-points', type: 'circle', source: DRAWN, filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-radius': 5, 'circle-color': colours.selected, 'circle-stroke-color': colours.edge, 'circle-stroke-width': 1.5 } },
    { id: 'edit-between', type: 'circle', source: POINTS, filter: isKind('between'), paint: { 'circle-radius': 4, 'circle-color': colours.edge, 'circle-stroke-color': colours.ring, 'circle-stroke-width': 1.5, 'circle-opacity': 0.85 } },
    { id: 'edit-corners', type: 'circle', source: POINTS, filter: isKind('corner'), paint: { 'circle-radius': ['case', ['get', 'selected'], 9, 6], 'circle-color': ['case', ['get', 'selected'], colours.selected, colours.ring], 'circle-stroke-color': colours.edge, 'circle-stroke-width': 2 } },
    { id: 'edit-fault-lines', type: 'line', source: FAULTS, filter: ['==', ['geometry-type'], 'LineString'], paint: { 'line-color': colours.caseUrgent, 'line-width': 4 } },
    { id: 'edit-fault-points', type: 'circle', source: FAULTS, filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-radius': 11, 'circle-color': colours.caseUrgent, 'circle-opacity': 0.2, 'circle-stroke-color': colours.caseUrgent, 'circle-stroke-width': 3 } },
    { id: 'edit-fault-numbers', type: 'symbol', source: FAULTS, filter: ['==', ['geometry-type'], 'Point'], layout: { 'text-field': ['get', 'number'], 'text-size': 13, 'text-offset': [0, -1.4], 'text-allow-overlap': true }, paint: { 'text-color': colours.caseUrgent, 'text-halo-color': colours.halo, 'text-halo-width': 2 } },
  ];
}

/** Draws the area and its corners. */
export function drawArea(map: MapLibreMap, area: Area, selected: CornerAt | null, withHandles: boolean): void {
  // Rings are lines of their own: a polygon that crosses itself may enclose nothing and vanish.
  const rings = area.flat().map((ring): Feature => ({ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: [...ring, ...ring.slice(0, 1)].map((one) => [...one]) } }));
  fill(map, AREA, area.length > 0 ? [{ type: 'Feature', properties: {}, geometry: geometryOf(area) }, ...rings] : []);
  fill(map, POINTS, withHandles ? handles(area, selected) : []);
}

function handles(area: Area, selected: CornerAt | null): Feature[] {
  const found: Feature[] = [];
  const withBetween = area.flat(2).length <= MANY;
  area.forEach((rings, part) => rings.forEach((corners, ring) => corners.forEach((corner, at) => {
    const isSelected = selected?.part === part && selected.ring === ring && selected.corner === at;
    found.push(point(corner, { kind: 'corner', part, ring, corner: at, selected: isSelected }));
    if (!withBetween) return;
    const next = corners[(at + 1) % corners.length]!;
    found.push(point([(corner[0] + next[0]) / 2, (corner[1] + next[1]) / 2], { kind: 'between', part, ring, corner: at + 1 }));
  })));
  return found;
}

/** Draws what is being drawn, up to the pointer. */
export function drawDrawn(map: MapLibreMap, drawn: Corner[], pointer: Corner | null): void {
  const line = pointer && drawn.length > 0 ? [...drawn, pointer] : drawn;
  const closed = drawn.length > 1 ? [...line, drawn[0]!] : line;
  fill(map, DRAWN, [
    ...(closed.length > 1 ? [{ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: closed.map((one) => [...one]) } } satisfies Feature] : []),
    ...drawn.map((corner) => point(corner, {})),
  ]);
}

/** Marks the places of faults, numbered as in the list. */
export function drawFaults(map: MapLibreMap, value: unknown, pointers: string[]): void {
  fill(map, FAULTS, pointers.flatMap((pointer, at): Feature[] => {
    const shape = shapeOf(value, pointer);
    const number = String(at + 1);
    if (!shape) return [];
    if (shape.kind === 'point') return [point([shape.at[0]!, shape.at[1]!], { number })];
    return shape.lines.map((line) => ({ type: 'Feature', properties: { number }, geometry: { type: 'LineString', coordinates: line as Position[] } }));
  }));
}

function fill(map: MapLibreMap, id: string, features: Feature[]): void {
  void map.getSource<GeoJSONSource>(id)?.setData(collection(features));
}

function collection(features: Feature[]): FeatureCollection {
  return { type: 'FeatureCollection', features };
}

function point(at: Corner, properties: Record<string, unknown>): Feature {
  return { type: 'Feature', properties, geometry: { type: 'Point', coordinates: [...at] } };
}
