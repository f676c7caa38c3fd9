// Dragging an assignment or a waiting case to a person and a time, by mouse or pen. A drop changes
// nothing by itself: it opens the dialog. A finger scrolls instead, and keys open the dialog directly.
import type { Span } from '../dispatch/assign/against';
import { instantAt } from './layout';

/** What is dragged: its words for the pointer, and where its begin is now, if anywhere. */
export type Dragged = { text: string; from: number | null; drop: (staff: string, name: string, startsAt: number) => void };

/** Where it would land. */
export type Target = { staff: string; name: string; at: number };

const THRESHOLD_PX = 5;
const STEP_MS = 5 * 60_000;

class Drag {
  /** What is dragged now. */
  what: Dragged | null = $state.raw(null);
  target: Target | null = $state.raw(null);
  x = $state(0);
  y = $state(0);
  #begun: { x: number; y: number; axis: Span; what: Dragged } | null = null;

  /** Call on `pointerdown` of what can be dragged. */
  begin(event: PointerEvent, axis: Span, what: Dragged): void {
    if (event.button !== 0 || event.pointerType === 'touch') return;
    this.#begun = { x: event.clientX, y: event.clientY, axis, what };
    addEventListener('pointermove', this.#onMove);
    addEventListener('pointerup', this.#onUp);
    addEventListener('pointercancel', this.#stop);
    addEventListener('keydown', this.#onKey, true);
  }

  #onMove = (event: PointerEvent): void => {
    const begun = this.#begun!;
    const far = Math.hypot(event.clientX - begun.x, event.clientY - begun.y) > THRESHOLD_PX;
    if (!this.what && !far) return;
    this.what = begun.what;
    this.x = event.clientX;
    this.y = event.clientY;
    this.target = this.#targetAt(event);
    getSelection()?.removeAllRanges();
  };

  #targetAt(event: PointerEvent): Target | null {
    const row = document.elementFromPoint(event.clientX, event.clientY)?.closest<HTMLElement>('[data-staff]');
    const track = row?.querySelector<HTMLElement>('[data-track]');
    const begun = this.#begun!;
    if (!row || !track) return null;
    const { left, width } = track.getBoundingClientRect();
    const { axis, what } = begun;
    const at = what.from === null
      ? instantAt((event.clientX - left) / width, axis, STEP_MS)
      : this.#moved(what.from, (event.clientX - begun.x) / width * (axis.to - axis.from), Math.abs(event.clientX - begun.x));
    return { staff: row.dataset.staff!, name: row.dataset.name ?? '', at };
  }

  /** A begin that is moved by so much. Straight up or down keeps it to the second. */
  #moved(from: number, by: number, pixels: number): number {
    return pixels <= THRESHOLD_PX * 2 ? from : Math.round((from + by) / STEP_MS) * STEP_MS;
  }

  #onUp = (): void => {
    const { what, target } = this;
    if (what) {
      // The click that follows belongs to the drag and opens nothing.
      addEventListener('click', swallow, { capture: true, once: true });
      setTimeout(() => removeEventListener('click', swallow, { capture: true }), 0);
    }
    this.#stop();
    if (what && target) what.drop(target.staff, target.name, target.at);
  };

  #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    event.stopPropagation();
    this.#stop();
  };

  #stop = (): void => {
    this.what = null;
    this.target = null;
    this.#begun = null;
    removeEventListener('pointermove', this.#onMove);
    removeEventListener('pointerup', this.#onUp);
    removeEventListener('pointercancel', this.#stop);
    removeEventListener('keydown', this.#onKey, true);
  };
}

function swallow(event: MouseEvent): void {
  event.preventDefault();
  event.stopPropagation();
}

/** The drag of this page. */
export const drag = new Drag();
