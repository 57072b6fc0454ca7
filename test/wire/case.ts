import type { Http2Client } from "../support/http2-client.ts";
import type { BackendPart } from "./backend.ts";
import type { Answer, Client } from "./client.ts";

/** The tools of a case. Connections that it opens are closed after it. */
export interface Context {
  /** Unique to this run of the case, so that the backend knows its requests. */
  readonly token: string;
  readonly backend: BackendPart;
  /** Of the clients' connections. */
  readonly scheme: "http" | "https";
  readonly connect: () => Promise<Client>;
  /** A connection by HTTP/2: by prior knowledge, or by ALPN over TLS. */
  readonly connectHttp2: () => Promise<Http2Client>;
  /** A path on the one route that the proxy has, `/public/*`. */
  readonly path: (suffix?: string) => string;
  /** The text of a request; Host and the token are added unless given or switched off. */
  readonly request: (parts?: RequestParts) => string;
  /** Sends a request on a new connection and reads the answer. */
  readonly ask: (parts?: RequestParts) => Promise<Answer>;
}

export interface RequestParts {
  readonly method?: string;
  readonly target?: string;
  readonly version?: string;
  /** null for none. */
  readonly host?: string | null;
  readonly fields?: readonly string[];
  readonly content?: string;
}

export interface WireCase {
  readonly section: string;
  /** A sentence about behaviour. */
  readonly name: string;
  /** What the expectation rests on: a section of an RFC, or "choice". */
  readonly why: string;
  /** Throws if the behaviour is missing; may return a note for the table. */
  readonly run: (context: Context) => Promise<string | undefined | void>;
}

/** Gathers the cases of a section. */
export function section(
  name: string,
  cases: readonly (readonly [name: string, why: string, run: WireCase["run"]])[],
): WireCase[] {
  return cases.map(([caseName, why, run]) => ({ section: name, name: caseName, why, run }));
}

/** Fails the case with a reason. */
export function fail(reason: string): never {
  throw new Error(reason);
}

export function check(holds: boolean, reason: string): asserts holds {
  if (!holds) fail(reason);
}

/** Fails with both values when they differ. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const [got, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (got !== wanted) fail(`${what}: ${shorten(got)} instead of ${shorten(wanted)}`);
}

function shorten(text: string | undefined): string {
  if (text === undefined) return "nothing";
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
}

/** Waits no longer than a number of milliseconds. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no ${what} within ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
