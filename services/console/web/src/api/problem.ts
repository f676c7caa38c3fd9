// What the API says when something is wrong (RFC 9457), as an error that pages show.
import { words } from '../texts';
import type { Schemas } from './api';

/** One wrong field: where it is in the body, and what is wrong. */
export type FieldFault = { pointer: string; code: string; detail: string };

/** A refusal of the API, or the lack of an answer. */
export class Problem extends Error {
  constructor(
    /** HTTP status; 0 when there was no answer. */
    readonly status: number,
    /** The API's code for this error; `offline` when there was no answer. */
    readonly code: string,
    /** What is wrong, in a sentence. */
    readonly detail: string,
    readonly fields: FieldFault[] = [],
    readonly requestId: string | null = null,
    /** Seconds to wait before the next try, when the API names them. */
    readonly retryAfter: number | null = null,
    /** How many wrong fields the API left out of its answer. */
    readonly fieldsLeftOut = 0,
  ) {
    super(detail);
    this.name = 'Problem';
  }

  /** The faults of one field and of what is below it. */
  at(pointer: string): FieldFault[] {
    return this.fields.filter((fault) => fault.pointer === pointer || fault.pointer.startsWith(`${pointer}/`));
  }

  /** The faults of fields that no form field shows: those outside `pointers`. */
  outside(pointers: string[]): FieldFault[] {
    return this.fields.filter((fault) => !pointers.some((pointer) => fault.pointer === pointer || fault.pointer.startsWith(`${pointer}/`)));
  }
}

/** Reads the problem document of a refusal. A proxy may answer with something else. */
export async function problemOf(response: Response): Promise<Problem> {
  const wait = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  const retryAfter = Number.isFinite(wait) ? wait : null;
  const document = await response.json().catch(() => null) as Partial<Schemas['ProblemDocument']> | null;
  if (!document || typeof document.code !== 'string') {
    return new Problem(response.status, 'unreadable', words.shared.unreadable(response.status), [], response.headers.get('x-request-id'), retryAfter);
  }
  return new Problem(
    response.status,
    document.code,
    told(document),
    ((document.errors ?? []) as FieldFault[]).map((fault) => ({ ...fault, detail: forReaders(fault.detail) })),
    document.request_id ?? null,
    retryAfter,
    document.errors_left_out ?? 0,
  );
}

/** The API's titles say what is wrong, and its details go on in lower case with how to mend it: "This
    name is taken" and "choose another". */
function told({ title, detail, code }: Partial<Schemas['ProblemDocument']>): string {
  const goesOn = detail !== undefined && /^[\p{Ll}`]/u.test(detail);
  return forReaders(title && goesOn ? `${title}: ${detail}` : detail ?? title ?? code ?? '');
}

/** A detail without its last part where that names a request: programs are told what to send, and pages
    have buttons for it. */
export function forReaders(detail: string): string {
  const request = detail.search(/\b(GET|POST|PUT|PATCH|DELETE) \/v1\//);
  if (request < 0) return detail;
  const before = detail.slice(0, request);
  const end = Math.max(before.lastIndexOf(';'), before.lastIndexOf(': '), before.lastIndexOf(', '), before.lastIndexOf('. '));
  return end > 0 ? before.slice(0, end) : detail;
}

/** The problem of a request that met nobody. */
export function offline(): Problem {
  return new Problem(0, 'offline', words.shared.offline);
}

/** The problem of a request without a session: the API's words are for programs. */
export function loggedOut(problem: Problem): Problem {
  return new Problem(problem.status, problem.code, words.shared.sessionEnded, [], problem.requestId, problem.retryAfter);
}

/** Any thrown value as a problem. Faults of our own are thrown on. */
export function asProblem(thrown: unknown): Problem {
  if (thrown instanceof Problem) return thrown;
  throw thrown;
}
