// Dragging an assignment or a waiting case to a person and a time, by mouse or pen. A drop changes
// nothing by itself: it opens the dialog. A finger scrolls instead, and keys open the dialog directly.
import type { Span } from '../dispatch/assign/against';
import { instantAt, movedBy, pushAt } from './layout';

/** What is dragged: its words for the pointer, and where its begin is now, if anywhere. */
export type Dragged = { text: string; from: number | null; drop: (staff: string, name: string, startsAt: number) => void };

/** Where it would land. */
export type Target = { staff: string; name: string; at: number };

/** Where the pointer took hold: on the screen, and as a share of the track's length, if on a track. */
type Grip = { x: number; y: number; share: number | null; axis: Span; what: Dragged };

const THRESHOLD_PX = 5;
const STEP_MS = 5 * 60_000;
/** So near to an edge the timeline scrolls, at most so far in one frame. */
const EDGE_PX = 40;
const FASTEST_PX = 14;

class Drag {
  /** What is dragged now. */
  what: Dragged | null = $state.raw(null);
  target: Target | null = $state.raw(null);
  x = $state(0);
  y = $state(0);
  #grip: Grip | null = null;
  #box: HTMLElement | null = null;
  #frame = 0;

  /** Call on `pointerdown` of what can be dragged. */
  begin(event: PointerEvent, axis: Span, what: Dragged): void {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    const track = (event.target as Element).closest<HTMLElement>('[data-track]');
    this.#grip = { x: event.clientX, y: event.clientY, share: track && shareOf(event.clientX, track), axis, what };
    addEventListener('pointermove', this.#onMove);
    addEventListener('pointerup', this.#onUp);
    addEventListener('pointercancel', this.#stop);
    addEventListener('keydown', this.#onKey, true);
  }

  /** Lets a box scroll while something is dragged to its edges, until the answer is called. */
  scrolls(box: HTMLElement): () => void {
    this.#box = box;
    return () => { if (this.#box === box) this.#box = null; };
  }

  #onMove = (event: PointerEvent): void => {
    const grip = this.#grip!;
    const far = Math.hypot(event.clientX - grip.x, event.clientY - grip.y) > THRESHOLD_PX;
    if (!this.what && !far) return;
    const begins = !this.what;
    this.what = grip.what;
    this.x = event.clientX;
    this.y = event.clientY;
    this.target = this.#targetNow();
    getSelection()?.removeAllRanges();
    if (begins) this.#frame = requestAnimationFrame(this.#onFrame);
  };

  /** Scrolls at the edges. What lies under the pointer changes by that, and by a wheel. */
  #onFrame = (): void => {
    const box = this.#box;
    if (box) {
      const { left, right, top, bottom } = insideOf(box);
      if (this.x >= left && this.x <= right && this.y >= top && this.y <= bottom) {
        box.scrollLeft += Math.round(pushAt(this.x, left, right, EDGE_PX) * FASTEST_PX);
        box.scrollTop += Math.round(pushAt(this.y, top, bottom, EDGE_PX) * FASTEST_PX);
      }
    }
    this.target = this.#targetNow();
    this.#frame = requestAnimationFrame(this.#onFrame);
  };

  #targetNow(): Target | null {
    const row = document.elementFromPoint(this.x, this.y)?.closest<HTMLElement>('[data-staff]');
    const track = row?.querySelector<HTMLElement>('[data-track]');
    if (!row || !track) return null;
    return { staff: row.dataset.staff!, name: row.dataset.name ?? '', at: this.#startOn(track) };
  }

  /** When it would start. What has a start moves as far as the pointer has along the track, which may
   *  have scrolled meanwhile; straight up or down keeps the start to the second. */
  #startOn(track: HTMLElement): number {
    const { axis, what, share: begun } = this.#grip!;
    const share = shareOf(this.x, track);
    if (what.from === null || begun === null) return instantAt(share, axis, STEP_MS);
    const pixels = Math.abs(share - begun) * track.getBoundingClientRect().width;
    return pixels <= THRESHOLD_PX * 2 ? what.from : movedBy(what.from, begun, share, axis, STEP_MS);
  }

  #onUp = (): void => {
    const { what, target } = this;
    if (what) swallowClick();
    this.#stop();
    if (what && target) what.drop(target.staff, target.name, target.at);
  };

  #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    // The button is still down; letting it go must open nothing.
    if (this.what) addEventListener('pointerup', swallowClick, { once: true });
    this.#stop();
  };

  #stop = (): void => {
    cancelAnimationFrame(this.#frame);
    this.what = null;
    this.target = null;
    this.#grip = null;
    removeEventListener('pointermove', this.#onMove);
    removeEventListener('pointerup', this.#onUp);
    removeEventListener('pointercancel', this.#stop);
    removeEventListener('keydown', this.#onKey, true);
  };
}

/** Where on a track something is, as a share of its length. */
function shareOf(x: number, track: HTMLElement): number {
  const { left, width } = track.getBoundingClientRect();
  return (x - left) / width;
}

/** The part of the box in which its content scrolls: without the names and hours that stay. */
function insideOf(box: HTMLElement): { left: number; right: number; top: number; bottom: number } {
  const outer = box.getBoundingClientRect();
  const corner = box.querySelector('[data-corner]')?.getBoundingClientRect();
  return {
    left: outer.left + (corner?.width ?? 0), right: outer.left + box.clientWidth,
    top: outer.top + (corner?.height ?? 0), bottom: outer.top + box.clientHeight,
  };
}

/** The click that follows belongs to the drag and opens nothing. */
function swallowClick(): void {
  addEventListener('click', swallow, { capture: true, once: true });
  setTimeout(() => removeEventListener('click', swallow, { capture: true }), 0);
}

function swallow(event: MouseEvent): void {
  event.preventDefault();
  event.stopPropagation();
}

/** The drag of this page. */
export const drag = new Drag();
