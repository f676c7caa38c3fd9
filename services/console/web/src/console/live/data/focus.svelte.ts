// The selected person while the viewport does not show them one by one: counted with others, or
// outside of it. A stream of a few kilometres around them goes along with them.
import { Problem } from '../../../api/problem';
import { EventStream } from '../../../api/stream.svelte';
import { bboxText, pad, type LatLng } from '../../../map/geometry';
import { arrived, type LivePosition, type Person } from './person';
import { lastPlace } from './way.svelte';

/** Half the side of what is asked for, and how far they may go before it is moved. */
const AROUND_DEG = 0.05;
const FAR_DEG = 0.03;

/** One person, followed by a stream of their own. */
export class Focus {
  person: Person | null = $state.raw(null);
  #id: string | null = null;
  #centre: LatLng | null = null;
  #stream: EventStream | null = null;

  /** Follows somebody from where the page has seen them last. */
  watch(id: string, from: Person): void {
    if (this.#id === id && this.#stream) return;
    this.end();
    this.#id = id;
    this.person = from;
    this.#follow(id, from.position);
  }

  /** Follows somebody whom the page has not seen yet. Where they were last is read once. */
  async find(id: string): Promise<void> {
    if (this.#id === id) return;
    this.end();
    this.#id = id;
    try {
      const at = await lastPlace(id);
      // Meanwhile somebody else was selected, or the page has seen them itself.
      if (at && this.#id === id && !this.#stream) this.#follow(id, at);
    } catch (thrown) {
      // They are not on the map then, as their card says.
      if (!(thrown instanceof Problem)) throw thrown;
    }
  }

  end(): void {
    this.#stream?.close();
    this.#stream = null;
    this.#id = null;
    this.person = null;
  }

  #follow(id: string, at: LatLng): void {
    this.#stream = new EventStream(this.#around(at), {
      snapshot: (data) => this.#found((data as { items: LivePosition[] }).items.find((one) => one.staff_id === id)),
      position: (data) => {
        const position = data as LivePosition;
        if (position.staff_id === id) this.#found(position);
      },
      gone: (data) => {
        if ((data as { staff_id: string }).staff_id === id) this.person = null;
      },
    });
  }

  #found(position: LivePosition | undefined): void {
    this.person = position ? arrived(position, Date.now(), this.person ?? undefined) : null;
    if (!position || !this.#centre) return;
    const { lat, lng } = position.position;
    if (Math.abs(lat - this.#centre.lat) > FAR_DEG || Math.abs(lng - this.#centre.lng) > FAR_DEG) {
      this.#stream?.follow(this.#around(position.position));
    }
  }

  #around(at: LatLng): string {
    this.#centre = at;
    return `/v1/positions/stream?bbox=${bboxText(pad({ west: at.lng, east: at.lng, south: at.lat, north: at.lat }, AROUND_DEG))}`;
  }
}
