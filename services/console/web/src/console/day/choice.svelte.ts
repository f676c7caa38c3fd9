// What the reader has chosen on the day page. The address is the truth, so it can be linked.
import { searchParams } from 'sv-router';
import { today } from '../../format/zoned';
import { dayOf, type Day } from './calendar';

/** Narrower than this the list is shown unless the timeline is asked for. */
const NARROW = '(max-width: 760px)';

/** The names in the address. */
type Name = 'date' | 'department' | 'q' | 'show' | 'view';

/** The choice, read from the address. */
export class Choice {
  #zone: () => string;
  #now: () => number;

  constructor(zone: () => string, now: () => number) {
    this.#zone = zone;
    this.#now = now;
  }

  /** The date in the address; today without one. */
  date: string = $derived.by(() => this.#read('date') || today(this.#zone(), this.#now()));
  /** The day of that date; null when it is none. */
  day: Day | null = $derived.by(() => dayOf(this.date, this.#zone()));
  department: string = $derived.by(() => this.#read('department'));
  search: string = $derived.by(() => this.#read('q'));
  show: string = $derived.by(() => this.#read('show') || 'all');
  view: string = $derived.by(() => this.#read('view') || (matchMedia(NARROW).matches ? 'list' : 'timeline'));

  /** Chooses; an empty value is the usual choice. */
  set(name: Name, value: string): void {
    if (value === '') searchParams.delete(name, undefined, { replace: name === 'q' });
    else searchParams.set(name, value, { replace: name === 'q' });
  }

  #read(name: Name): string {
    return searchParams.toURLSearchParams().get(name) ?? '';
  }
}
