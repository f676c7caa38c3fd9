// The states of an assignment: forward only (API, `update_assignment`).
const ORDER = ['assigned', 'en_route', 'on_site', 'done'];

/** Which states may follow. None after the end. */
export function nextStates(state: string): string[] {
  const at = ORDER.indexOf(state);
  return at < 0 ? [] : ORDER.slice(at + 1);
}
