// What is selected: one thing for the map, the list and the address bar. The address is the truth,
// so a selection can be linked, and the browser's back button goes to the one before.
import { searchParams } from 'sv-router';

/** A person, a case, or a case that is being made. */
export type Selected = { kind: 'person' | 'case'; id: string } | { kind: 'new-case' } | null;

class Selection {
  current: Selected = $derived.by(() => {
    const person = searchParams.get('person');
    if (person) return { kind: 'person', id: String(person) };
    const one = searchParams.get('case');
    if (one === 'new') return { kind: 'new-case' };
    return one ? { kind: 'case', id: String(one) } : null;
  });

  /** Selects something else, or nothing. */
  select(next: Selected): void {
    searchParams.delete('person', undefined, { replace: true });
    if (next?.kind === 'person') {
      searchParams.delete('case', undefined, { replace: true });
      searchParams.set('person', next.id);
    } else if (next) {
      searchParams.set('case', next.kind === 'case' ? next.id : 'new');
    } else {
      searchParams.delete('case');
    }
  }
}

/** The selection of the live page. */
export const selection = new Selection();
