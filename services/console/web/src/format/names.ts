// How people are named on the page.
type Named = { first_name?: string | null; last_name?: string | null };

/** Two letters for a person without a photo. */
export function initials(person: Named): string {
  return [person.first_name, person.last_name].map((name) => [...(name ?? '')][0] ?? '').join('').toUpperCase() || '?';
}
