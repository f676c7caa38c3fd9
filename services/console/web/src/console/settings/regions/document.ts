// A region's area as GeoJSON text: reading it, writing it, and finding what a JSON pointer names in
// it. Pure.
import { findNodeAtLocation, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import type { Feature, MultiPolygon, Polygon, Position } from 'geojson';
import { partsOf, type Area } from './area';

/** What a text holds. */
export type Read =
  | { kind: 'empty' }
  /** It is no JSON. `offset` is where. */
  | { kind: 'broken'; offset: number; code: string }
  /** It is JSON. `area` is null when no polygons are found where they belong. */
  | { kind: 'json'; value: unknown; area: Area | null };

/** Reads a text. */
export function read(text: string): Read {
  if (text.trim() === '') return { kind: 'empty' };
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return broken(text);
  }
  const geometry = geometryIn(value);
  return { kind: 'json', value, area: geometry ? partsOf(geometry) : null };
}

/** Where a text that is no JSON is broken. */
function broken(text: string): Read {
  const errors: ParseError[] = [];
  parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  const [first] = errors;
  return { kind: 'broken', offset: first?.offset ?? 0, code: first ? printParseErrorCode(first.error) : '' };
}

/** The one polygon geometry of a document: bare, or in wrappers of exactly one. */
export function geometryIn(value: unknown): Polygon | MultiPolygon | null {
  if (!isObject(value)) return null;
  switch (value.type) {
    case 'Polygon': return isNested(value.coordinates, 3) ? value as unknown as Polygon : null;
    case 'MultiPolygon': return isNested(value.coordinates, 4) ? value as unknown as MultiPolygon : null;
    case 'Feature': return geometryIn(value.geometry);
    case 'FeatureCollection': return only(value.features);
    case 'GeometryCollection': return only(value.geometries);
    default: return null;
  }
}

function only(members: unknown): Polygon | MultiPolygon | null {
  return Array.isArray(members) && members.length === 1 ? geometryIn(members[0]) : null;
}

/** The areas of a collection of several, with their names, to choose one. */
export function choices(value: unknown): { name: string; geometry: Polygon | MultiPolygon }[] {
  if (!isObject(value) || value.type !== 'FeatureCollection' || !Array.isArray(value.features) || value.features.length < 2) return [];
  return (value.features as Feature[]).flatMap((feature) => {
    const geometry = geometryIn(feature);
    return geometry ? [{ name: nameIn(feature), geometry }] : [];
  });
}

/** The name that a feature has among its properties; '' without one. */
export function nameIn(value: unknown): string {
  const properties = isObject(value) && isObject(value.properties) ? value.properties : {};
  const name = Object.entries(properties).find(([key, one]) => /^(name|title|label|nome|nom)$/i.test(key) && typeof one === 'string');
  return typeof name?.[1] === 'string' ? name[1].trim() : '';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether lists are nested so deep, and end in positions of finite numbers. */
function isNested(value: unknown, depth: number): boolean {
  if (!Array.isArray(value)) return false;
  if (depth === 1) return isPosition(value);
  return value.every((one) => isNested(one, depth - 1));
}

function isPosition(value: unknown): value is Position {
  return Array.isArray(value) && value.length >= 2 && Number.isFinite(value[0]) && Number.isFinite(value[1]);
}

/** A geometry as text, with a position a line. */
export function write(geometry: Polygon | MultiPolygon): string {
  return `{\n  "type": "${geometry.type}",\n  "coordinates": ${lists(geometry.coordinates, '  ')}\n}\n`;
}

function lists(value: unknown[], indent: string): string {
  if (!Array.isArray(value[0])) return `[${value.join(', ')}]`;
  const inner = `${indent}  `;
  return `[\n${value.map((one) => inner + lists(one as unknown[], inner)).join(',\n')}\n${indent}]`;
}

/** The steps of a JSON pointer (RFC 6901). */
export function steps(pointer: string): (string | number)[] {
  return pointer.split('/').slice(1).map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~')).map((step) => /^\d+$/.test(step) ? Number(step) : step);
}

/** Where in a text the value of a pointer stands, or the nearest one around it. */
export function rangeOf(text: string, pointer: string): { from: number; to: number } | null {
  const root = parseTree(text);
  if (!root) return null;
  const path = steps(pointer);
  let node: Node | undefined;
  for (let depth = path.length; depth >= 0 && !node; depth -= 1) node = findNodeAtLocation(root, path.slice(0, depth));
  return node ? { from: node.offset, to: node.offset + node.length } : null;
}

/** The line of an offset, from 1. */
export function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** What a pointer means on the map: a position, or the lines of a ring or of more. Null: no place. */
export function shapeOf(value: unknown, pointer: string): { kind: 'point'; at: Position } | { kind: 'lines'; lines: Position[][] } | null {
  const trail: unknown[] = [value];
  for (const step of steps(pointer)) {
    const last = trail.at(-1);
    if (typeof last !== 'object' || last === null || !(step in last)) break;
    trail.push(Reflect.get(last, step));
  }
  const found = trail.findLast((one) => isPosition(one) || (Array.isArray(one) && lines(one).length > 0));
  if (found === undefined) return null;
  return isPosition(found) ? { kind: 'point', at: found } : { kind: 'lines', lines: lines(found) };
}

/** The lines of positions in nested lists. */
function lines(value: unknown): Position[][] {
  if (!Array.isArray(value)) return [];
  const positions = value.filter(isPosition);
  return positions.length > 1 ? [positions] : value.flatMap(lines);
}
