// Idempotency keys of requests, by which the API carries out a repeated request once.
//
// A request whose answer was lost may have been carried out all the same. Its key is kept, and the
// same request gets it again when somebody repeats it.

const HEADER = 'idempotency-key';

/** A repeat that comes later is meant as another request: the server would answer it from the past. */
const KEPT_MS = 120_000;

/** Keys of requests whose answer was lost, and when that was, by what was asked. */
const lost = new Map<string, { key: string; at: number }>();
/** What each request asks. Its body cannot be read again once it is sent. */
const asked = new WeakMap<Request, string>();

/** Gives a request that creates something its key. */
export async function giveKey(request: Request): Promise<void> {
  if (request.method !== 'POST' || request.headers.has(HEADER)) return;
  const what = await question(request);
  const before = lost.get(what);
  const isRepeat = before !== undefined && Math.abs(Date.now() - before.at) < KEPT_MS;
  request.headers.set(HEADER, isRepeat ? before.key : crypto.randomUUID());
  asked.set(request, what);
  // Another request for the same, sent before this one is answered, is meant as another.
  lost.delete(what);
}

/** Keeps the key of a request of which nobody knows whether it was carried out. */
export function keepKey(request: Request): void {
  const what = asked.get(request);
  const key = request.headers.get(HEADER);
  if (what !== undefined && key !== null) lost.set(what, { key, at: Date.now() });
}

async function question(request: Request): Promise<string> {
  // Files are large, and one that comes twice changes nothing before it is confirmed.
  const isFile = request.headers.get('content-type') === 'application/octet-stream';
  return hash(`${request.method} ${request.url}\n${isFile ? crypto.randomUUID() : await request.clone().text()}`);
}

/** Only hashes are kept: a body may hold a password. */
async function hash(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
