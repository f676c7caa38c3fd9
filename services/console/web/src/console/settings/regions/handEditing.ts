// Editing an area on the map by mouse, finger and keyboard. Must not draw: it changes the draft, and
// the map follows that.
import type { Map as MapLibreMap, MapMouseEvent, MapTouchEvent, Point } from 'maplibre-gl';
import { moved, rounded, type Area, type Corner, type CornerAt } from './area';
import type { AreaDraft } from './draft.svelte';
import { HANDLES } from './editLayers';

/** How far from a handle it is still met, in pixels. */
const REACH = 9;
/** How near two clicks are the same corner. */
const SAME = 6;

type Press = MapMouseEvent | MapTouchEvent;

/** Listens to the map until the answer is called. */
export function editByHand(map: MapLibreMap, draft: AreaDraft): () => void {
  let dragging: { at: CornerAt; area: Area; moved: boolean; to: Corner | null } | null = null;
  let frame: number | null = null;

  function down(event: Press) {
    if (draft.mode !== 'edit' || !draft.drawable || ('points' in event && event.points.length > 1)) return;
    const hit = handleAt(map, event.point);
    if (!hit) return;
    event.preventDefault();
    const at = { part: hit.part, ring: hit.ring, corner: hit.corner };
    const area = hit.kind === 'between' ? draft.insertBefore(at, rounded(event.lngLat.lng, event.lngLat.lat)) : draft.area;
    dragging = { at, area, moved: hit.kind === 'between', to: null };
    if (dragging.moved) draft.drag(area);
    draft.selected = at;
  }

  function move(event: Press) {
    const corner = rounded(event.lngLat.lng, event.lngLat.lat);
    if (dragging) {
      dragging.moved = true;
      dragging.to = corner;
      frame ??= requestAnimationFrame(follow);
    } else if (draft.mode !== 'edit') {
      draft.pointer = corner;
    }
    map.getCanvas().style.cursor = draft.mode !== 'edit' ? 'crosshair' : dragging ? 'grabbing' : handleAt(map, event.point) ? 'grab' : '';
  }

  /** Draws at most once a frame, however often the pointer reports. */
  function follow() {
    frame = null;
    if (dragging?.to) draft.drag(moved(dragging.area, dragging.at, dragging.to));
  }

  function up() {
    follow();
    if (dragging?.moved) draft.drop();
    dragging = null;
  }

  function click(event: MapMouseEvent) {
    if (draft.mode === 'edit') {
      if (!handleAt(map, event.point)) draft.selected = null;
      return;
    }
    const near = (at: number) => {
      const corner = draft.drawn.at(at);
      return corner !== undefined && map.project([corner[0], corner[1]]).dist(event.point) < SAME;
    };
    if (draft.drawn.length >= 3 && near(0)) draft.finish();
    else if (!near(-1)) draft.addDrawn(rounded(event.lngLat.lng, event.lngLat.lat));
  }

  function doubleClick(event: MapMouseEvent) {
    if (draft.mode === 'edit') return;
    event.preventDefault();
    draft.finish();
  }

  function key(event: KeyboardEvent) {
    if (draft.mode !== 'edit') {
      const centre = map.getCenter().wrap();
      const acts: Record<string, () => void> = {
        Enter: () => draft.addDrawn(rounded(centre.lng, centre.lat)),
        Escape: () => draft.cancel(),
        Backspace: () => draft.dropLastDrawn(),
      };
      act(event, acts[event.key]);
    } else if (draft.selected) {
      act(event, event.key === 'Delete' || event.key === 'Backspace' ? () => draft.removeSelected() : event.key === 'Escape' ? () => { draft.selected = null; } : undefined);
    }
  }

  const canvas = map.getCanvas();
  map.on('mousedown', down);
  map.on('touchstart', down);
  map.on('mousemove', move);
  map.on('touchmove', move);
  map.on('click', click);
  map.on('dblclick', doubleClick);
  window.addEventListener('mouseup', up);
  window.addEventListener('touchend', up);
  canvas.addEventListener('keydown', key);
  return () => {
    window.removeEventListener('mouseup', up);
    window.removeEventListener('touchend', up);
    canvas.removeEventListener('keydown', key);
  };
}

function act(event: KeyboardEvent, does: (() => void) | undefined): void {
  if (!does) return;
  event.preventDefault();
  event.stopPropagation();
  does();
}

type Handle = CornerAt & { kind: 'corner' | 'between' };

/** The corner at a point of the screen, else the point between two. */
function handleAt(map: MapLibreMap, { x, y }: Point): Handle | null {
  const found = map.queryRenderedFeatures([[x - REACH, y - REACH], [x + REACH, y + REACH]], { layers: HANDLES });
  const best = found.find((one) => one.properties.kind === 'corner') ?? found[0];
  return best ? best.properties as unknown as Handle : null;
}
