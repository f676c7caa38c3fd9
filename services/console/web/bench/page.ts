// Measures how long it takes from an update of the live map to the frame that shows it: 10,000 people,
// of whom 1,000 have moved. Beside it the same people given to the map as a whole, by `setData`.
import './page.css';
import type { FeatureCollection } from 'geojson';
import type { GeoJSONSource, Map as MapLibreMap } from 'maplibre-gl';
import { arrived, type LivePosition, type Person } from '../src/console/live/data/person';
import { drawnOf, featureOf } from '../src/console/live/layers/peopleFeatures';
import { PeopleLayer } from '../src/console/live/layers/peopleLayer';
import { coloursOf } from '../src/map/colours';
import { loadMapLibre } from '../src/map/maplibre';
import { Painter } from '../src/map/painter';
import { baseStyle } from '../src/map/style';

const PEOPLE = 10_000;
const MOVED = 1_000;
const WARM_UP = 2;
const BLOCKS = 4;
const ROUNDS = 15;
const WHOLE_ROUNDS = 5;
const CENTRE = { lat: 38.74, lng: -9.15 };
const SIDE_DEG = 0.18;

/** Numbers that are the same in every run (mulberry32). */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const roll = dice(15);

function person(number: number): Person {
  const position: LivePosition = {
    staff_id: `person-${number}`,
    display_name: `Person ${number}`,
    position: { lat: CENTRE.lat + (roll() - 0.5) * SIDE_DEG * 0.7, lng: CENTRE.lng + (roll() - 0.5) * SIDE_DEG },
    age_s: Math.floor(roll() * 3_000),
    fix_at: null,
    accuracy_m: 5 + roll() * 30,
    grade: 'live',
    source: 'ping',
    on_shift: roll() < 0.8,
    busy: roll() < 0.3,
  };
  return { ...arrived(position, Date.now()), moving: roll() < 0.3 };
}

function moved(before: Person): Person {
  const { lat, lng } = before.position;
  return { ...before, seenMs: Date.now(), position: { lat: lat + (roll() - 0.5) * 0.002, lng: lng + (roll() - 0.5) * 0.002 } };
}

/** Waits until what was given to the map is in a frame, and that frame is drawn. */
async function drawn(map: MapLibreMap): Promise<void> {
  await map.once('idle');
  const gl = map.getCanvas().getContext('webgl2')!;
  // Reading a pixel waits for the drawing itself.
  gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
}

function percentile(times: number[], share: number): number {
  const sorted = [...times].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)]!;
}

async function measure(rounds: number, act: () => Promise<unknown>, map: MapLibreMap): Promise<number[]> {
  const times: number[] = [];
  for (let round = -WARM_UP; round < rounds; round += 1) {
    const start = performance.now();
    // Nothing is drawn before the update has begun, so this frame is one that shows it.
    const shown = drawn(map);
    await act();
    await shown;
    if (round >= 0) times.push(performance.now() - start);
  }
  return times;
}

/** Everybody, as `setData` takes them; every tenth has moved. */
function collection(people: Person[]): FeatureCollection {
  const now = Date.now();
  const features = people.map((one, number) => {
    if (number % (PEOPLE / MOVED) === 0) people[number] = moved(one);
    return featureOf(drawnOf(people[number]!, number, now, false));
  });
  return { type: 'FeatureCollection', features };
}

async function run(): Promise<Record<string, number>> {
  const library = await loadMapLibre();
  const map = new library.Map({ container: 'map', style: baseStyle(coloursOf(false)), center: CENTRE, zoom: 11.4, attributionControl: false, fadeDuration: 0 });
  await map.once('load');
  const people = Array.from({ length: PEOPLE }, (_, number) => person(number));
  const layer = new PeopleLayer({ map, library, painter: new Painter(map, false) });
  const first = drawn(map);
  await layer.apply({ set: people, removed: [] });
  await first;

  const update = () => {
    const set = Array.from({ length: MOVED }, () => Math.floor(roll() * PEOPLE)).map((number) => (people[number] = moved(people[number]!)));
    return layer.apply({ set, removed: [] });
  };
  const source = map.getSource<GeoJSONSource>('people')!;
  const whole = () => source.setData(collection(people));
  // Both by turns: what else the machine does meets both.
  const [updates, wholes]: [number[], number[]] = [[], []];
  for (let block = 0; block < BLOCKS; block += 1) {
    updates.push(...await measure(ROUNDS, update, map));
    wholes.push(...await measure(WHOLE_ROUNDS, whole, map));
  }

  return {
    people: PEOPLE,
    moved: MOVED,
    update_p50: percentile(updates, 0.5),
    update_p95: percentile(updates, 0.95),
    whole_p50: percentile(wholes, 0.5),
    whole_p95: percentile(wholes, 0.95),
  };
}

async function report(): Promise<void> {
  const result = await run().catch((thrown: unknown) => ({ error: String(thrown) }));
  await fetch('/result', { method: 'POST', body: JSON.stringify(result) });
}
void report();
