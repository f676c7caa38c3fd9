// The organisation's regions, read once for all maps. Pages that change regions call `refresh`.
import type { MultiPolygon } from 'geojson';
import { api, body } from '../api/api';
import { all } from '../api/pager.svelte';
import { Problem } from '../api/problem';
import { isInArea, type LatLng } from './geometry';

/** A region as maps draw it. */
export type RegionArea = { id: string; name: string; area: MultiPolygon };

class Regions {
  items: RegionArea[] = $state.raw([]);
  #reading: Promise<void> | null = null;

  /** Reads them unless they are known. People who may not see regions have none. */
  load(): Promise<void> {
    this.#reading ??= this.#read();
    return this.#reading;
  }

  /** Reads them again. */
  refresh(): Promise<void> {
    this.#reading = this.#read();
    return this.#reading;
  }

  /** The name of the first region around a place. */
  nameAt(place: LatLng): string | null {
    return this.items.find((region) => isInArea(region.area, place))?.name ?? null;
  }

  async #read(): Promise<void> {
    try {
      const read = await all((cursor) => body(api.GET('/v1/regions', { params: { query: { limit: 200, ...(cursor ? { cursor } : {}) } } })));
      // The document cannot say more of GeoJSON than that it is an object.
      this.items = read.map(({ id, name, area }) => ({ id, name, area: area as unknown as MultiPolygon }));
    } catch (thrown) {
      this.#reading = null;
      if (!(thrown instanceof Problem)) throw thrown;
    }
  }
}

/** The regions of the organisation. */
export const regions = new Regions();
