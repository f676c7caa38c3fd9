// Loads MapLibre when the first map is shown. Its worker is a file of its own, since the content
// security policy allows no scripts made at run time.
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';

/** The library. */
export type MapLibre = typeof import('maplibre-gl');

let loading: Promise<MapLibre> | undefined;

/** The library, loaded once. A failed download is tried again at the next call. */
export function loadMapLibre(): Promise<MapLibre> {
  loading ??= load().catch((thrown: unknown) => {
    loading = undefined;
    throw thrown;
  });
  return loading;
}

async function load(): Promise<MapLibre> {
  const [library] = await Promise.all([import('maplibre-gl'), import('maplibre-gl/dist/maplibre-gl.css')]);
  library.setWorkerUrl(workerUrl);
  return library;
}
