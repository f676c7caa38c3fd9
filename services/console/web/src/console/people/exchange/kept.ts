// The exports that were asked for in this browser. The API gives each by its id and has no list of
// them, so their ids are kept here until their files go.
const KEY = 'nearhand.exports';

/** An export with the person who asked for it: another person on this browser does not see it. */
type Kept = { id: string; staff: string };

function read(): Kept[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]');
    return Array.isArray(found) ? found.filter((one) => typeof one?.id === 'string' && typeof one?.staff === 'string') : [];
  } catch {
    return [];
  }
}

function write(list: Kept[]): void {
  localStorage.setItem(KEY, JSON.stringify(list));
}

/** The ids of a person's exports, the newest first. */
export function keptExports(staff: string): string[] {
  return read().filter((one) => one.staff === staff).map((one) => one.id);
}

/** Keeps one more. */
export function keepExport(staff: string, id: string): void {
  write([{ id, staff }, ...read()]);
}

/** Forgets one that is gone. */
export function forgetExport(id: string): void {
  write(read().filter((one) => one.id !== id));
}
