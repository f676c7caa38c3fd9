// Idempotency keys of requests, by which the API carries out a repeated request once.
//
// A request whose answer was lost may have been carried out all the same. Its key is kept, and the
// same request gets it again when somebody repeats it.

const HEADER = 'idempotency-key';

/** Keys of requests whose answer was lost, by what was asked. */
const lost = new Map<string, string>();
/** What each request asks. Its body cannot be read again once it is sent. */
const asked = new WeakMap<Request, string>();

/** Gives a request that creates something its key. */
export async function giveKey(request: Request): Promise<void> {
  if (request.method !== 'POST' || request.headers.has(HEADER)) return;
  const what = await question(request);
  request.headers.set(HEADER, lost.get(what) ?? crypto.randomUUID());
  asked.set(request, what);
  // Another request for the same, sent before this one is answered, is meant as another.
  lost.delete(what);
}

/** Keeps the key of a request that got no answer. */
export function keepKey(request: Request): void {
  const what = asked.get(request);
  const key = request.headers.get(HEADER);
  if (what !== undefined && key !== null) lost.set(what, key);
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
