// The area that is being edited. Its GeoJSON text is the truth, so that what the server says of it
// by pointer can be shown where it stands; the map and the list of corners are views that write it
// anew.
import { cornerAt, geometryOf, inserted, moved, rounded, withHole, without, withoutRing, withPart, type Area, type Corner, type CornerAt } from './area';
import { read, write, type Read } from './document';

/** What a click on the map does: choose corners, or draw a new part or hole. */
export type Mode = 'edit' | 'part' | 'hole';

/** An area that is edited, over a text that its owner keeps. */
export class AreaDraft {
  mode: Mode = $state('edit');
  selected: CornerAt | null = $state.raw(null);
  /** The corners of the part or hole that is being drawn. */
  drawn: Corner[] = $state.raw([]);
  /** Where the pointer is while something is drawn. */
  pointer: Corner | null = $state.raw(null);
  /** Raised when the map is to show all of the area, such as one from a file. */
  looks = $state(0);
  /** Whether the hole just drawn lies in no part. */
  outside = $state(false);
  #dragged: Area | null = $state.raw(null);
  #past: string[] = $state.raw([]);
  #text: () => string;
  #setText: (text: string) => void;

  readonly read: Read = $derived.by(() => read(this.#text()));
  /** The parts as the text has them; none while it holds none. */
  readonly settled: Area = $derived.by(() => (this.read.kind === 'json' ? this.read.area : null) ?? []);
  /** The parts with what is being dragged. */
  readonly area: Area = $derived.by(() => this.#dragged ?? this.settled);

  constructor(text: () => string, setText: (text: string) => void) {
    this.#text = text;
    this.#setText = setText;
  }

  /** Whether it can be drawn upon: a text that is not understood would be lost. */
  get drawable(): boolean {
    return this.read.kind === 'empty' || (this.read.kind === 'json' && this.read.area !== null);
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  /** The place of the chosen corner. */
  get selectedCorner(): Corner | undefined {
    return this.selected ? cornerAt(this.area, this.selected) : undefined;
  }

  /** Puts another area in place, as one step that can be undone. */
  change(area: Area): void {
    this.#dragged = null;
    this.replaceText(area.length > 0 ? write(geometryOf(area)) : '');
  }

  /** Puts another text in place, as one step that can be undone. */
  replaceText(text: string): void {
    this.#past = [...this.#past.slice(-99), this.#text()];
    this.#setText(text);
  }

  /** Lets the map show all of it. */
  lookAt(): void {
    this.looks += 1;
  }

  undo(): void {
    const before = this.#past.at(-1);
    if (before === undefined) return;
    this.#past = this.#past.slice(0, -1);
    this.selected = null;
    this.#setText(before);
  }

  /** Forgets earlier steps, such as after the area was saved. */
  forget(): void {
    this.#past = [];
  }

  /** Shows an area that is being dragged. */
  drag(area: Area): void {
    this.#dragged = area;
  }

  /** Takes what was dragged. */
  drop(): void {
    if (this.#dragged) this.change(this.#dragged);
  }

  insertBefore(at: CornerAt, corner: Corner): Area {
    return inserted(this.area, at, corner);
  }

  moveSelected(lng: number, lat: number): void {
    if (this.selected) this.change(moved(this.area, this.selected, rounded(lng, lat)));
  }

  removeSelected(): void {
    if (!this.selected) return;
    const { corner, ...ring } = this.selected;
    const left = without(this.area, this.selected);
    this.change(left);
    const next = { ...ring, corner: Math.max(0, corner - 1) };
    this.selected = cornerAt(left, next) ? next : null;
  }

  removeSelectedRing(): void {
    if (!this.selected) return;
    this.change(withoutRing(this.area, this.selected));
    this.selected = null;
  }

  /** Chooses the corner before or after the chosen one, in its ring. */
  step(by: number): void {
    const at = this.selected;
    const many = at ? this.area[at.part]?.[at.ring]?.length ?? 0 : 0;
    if (at && many > 0) this.selected = { ...at, corner: (at.corner + by + many) % many };
    else if (this.area[0]?.[0]?.[0]) this.selected = { part: 0, ring: 0, corner: 0 };
  }

  begin(mode: 'part' | 'hole'): void {
    this.mode = mode;
    this.drawn = [];
    this.selected = null;
    this.outside = false;
  }

  addDrawn(corner: Corner): void {
    this.drawn = [...this.drawn, corner];
  }

  dropLastDrawn(): void {
    this.drawn = this.drawn.slice(0, -1);
  }

  cancel(): void {
    this.mode = 'edit';
    this.drawn = [];
    this.pointer = null;
    this.outside = false;
  }

  /** Ends drawing and takes the new part or hole. */
  finish(): void {
    if (this.drawn.length < 3) return;
    const next = this.mode === 'hole' ? withHole(this.area, this.drawn) : withPart(this.area, this.drawn);
    if (next === null) {
      this.outside = true;
      return;
    }
    this.change(next);
    this.cancel();
  }
}
