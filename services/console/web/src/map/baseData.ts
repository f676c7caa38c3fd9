// What the built-in base map is drawn of: world outlines from Natural Earth (public domain, 1:50
// million), and the demo's city. Both are files of this installation, read when a map is shown.
import type { Feature, FeatureCollection } from 'geojson';
import type { GeoJSONSource, Map as MapLibreMap } from 'maplibre-gl';
import landUrl from 'world-atlas/land-50m.json?url';
import type { RegionArea } from './regions.svelte';
import { CITY, LAND } from './style';

let land: Promise<FeatureCollection> | undefined;
let city: Promise<FeatureCollection | null> | undefined;

/** Fills the sources of the built-in style. What cannot be read is left out. */
export async function drawBase(map: MapLibreMap, regions: RegionArea[]): Promise<void> {
  land ??= readLand().catch((thrown: unknown) => {
    land = undefined;
    throw thrown;
  });
  const [world, streets] = await Promise.all([land.catch(() => null), cityOf(regions)]);
  if (world) fill(map, LAND, world);
  if (streets) fill(map, CITY, streets);
}

function fill(map: MapLibreMap, id: string, data: FeatureCollection): void {
  void map.getSource<GeoJSONSource>(id)?.setData(data);
}

async function readLand(): Promise<FeatureCollection> {
  const [{ feature }, response] = await Promise.all([import('topojson-client'), fetch(landUrl)]);
  const topology = await response.json();
  return feature(topology, topology.objects.land) as unknown as FeatureCollection;
}

/** Where the demo's city is, with its river. */
const CITY_AREA = { west: -9.4, south: 38.55, east: -8.9, north: 38.9 };

/** The city, if the organisation works in it: then its regions are the city's districts. */
async function cityOf(regions: RegionArea[]): Promise<FeatureCollection | null> {
  if (!regions.some(isNearCity)) return null;
  city ??= readCity();
  const read = await city;
  if (!read) return null;
  const names = new Set(regions.map((region) => region.name));
  const districts = read.features.filter((one) => one.properties?.kind === 'district');
  if (!districts.some((one) => names.has(String(one.properties?.name)))) return null;
  // Regions are drawn with their names; the same name is not written twice.
  const isTwice = (one: Feature) => one.properties?.kind === 'district' && names.has(String(one.properties.name));
  return { type: 'FeatureCollection', features: read.features.filter((one) => !isTwice(one)) };
}

function isNearCity(region: RegionArea): boolean {
  const [lng, lat] = region.area.coordinates[0]?.[0]?.[0] ?? [];
  return lng !== undefined && lat !== undefined
    && lng > CITY_AREA.west && lng < CITY_AREA.east && lat > CITY_AREA.south && lat < CITY_AREA.north;
}

async function readCity(): Promise<FeatureCollection | null> {
  try {
    const response = await fetch('/maps/harbour-city.json');
    const read = response.ok ? await response.json() as FeatureCollection : null;
    return read?.type === 'FeatureCollection' ? read : null;
  } catch {
    return null;
  }
}
