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

  /** Selects something else, or nothing. The one before stays in the browser's history. */
  select(next: Selected): void {
    if (isSame(next, this.current)) return;
    if (!next) {
      const [first, ...others] = ['person', 'case'].filter((name) => searchParams.has(name));
      if (first) searchParams.delete(first);
      for (const name of others) searchParams.delete(name, undefined, { replace: true });
      return;
    }
    const [name, other] = next.kind === 'person' ? ['person', 'case'] : ['case', 'person'];
    searchParams.set(name!, next.kind === 'new-case' ? 'new' : next.id);
    if (searchParams.has(other!)) searchParams.delete(other!, undefined, { replace: true });
  }

  /** Whether this person or case is selected. */
  isSelected(kind: 'person' | 'case', id: string): boolean {
    return isSame({ kind, id }, this.current);
  }
}

function isSame(one: Selected, other: Selected): boolean {
  if (!one || !other || one.kind === 'new-case' || other.kind === 'new-case') return one?.kind === other?.kind;
  return one.kind === other.kind && one.id === other.id;
}

/** The selection of the live page. */
export const selection = new Selection();
