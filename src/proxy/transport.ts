import { GatewayError, type ErrorCode } from "../pipeline/errors.ts";
import type { TimeLimit } from "../pipeline/time-limit.ts";
import type { BreakOff } from "./break-off.ts";

/** Sends one request to one backend. Replaceable, so that tests can stand in for the network. */
export type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>;

/** Content on its way to a backend: in one piece, as a stream, or none. */
export type RequestContent = Uint8Array | ReadableStream<Uint8Array> | null;

export interface Attempt {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: RequestContent;
  /** Settles when a body that is a stream has ended; absent for others. */
  readonly bodySent: Promise<void> | undefined;
  /** From then on, until the backend's header section must have arrived. */
  readonly timeLimit: TimeLimit<BreakOff>;
  readonly tls: Bun.TLSOptions | undefined;
  readonly breakOff: BreakOff;
}

/**
 * One attempt: sends the request and waits for the header section of the answer. Throws a
 * GatewayError that says what became of it: unreachable, closed, garbage, too late, or whatever it
 * was broken off for.
 */
export async function attempt(request: Attempt, fetch: Fetch): Promise<Response> {
  const { bodySent, breakOff, timeLimit, tls } = request;
  const init: BunFetchRequestInit = {
    method: request.method,
    headers: request.headers,
    body: request.body,
    signal: breakOff.signal,
    redirect: "manual",
    decompress: false,
    // Else HTTP_PROXY in the environment would take over even requests to this machine.
    proxy: NO_PROXY,
  };
  if (tls !== undefined) init.tls = tls;
  // Until the request's content is sent it is the client who is waited for.
  const countdown =
    bodySent === undefined ? timeLimit.begin(breakOff) : timeLimit.beginAfter(bodySent, breakOff);
  try {
    return await fetch(request.url, init);
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    // What failed may have failed because the client has left.
    breakOff.listenToClient();
    throw breakOff.reason ?? backendError(error);
  } finally {
    timeLimit.end(countdown);
  }
}

// The types know only a URL here; false is what switches proxying off.
const NO_PROXY = false as unknown as string;

const MEANINGS = new Map<string, readonly [ErrorCode, string]>(
  Object.entries({
    ECONNREFUSED: ["backend_unreachable", "the backend refuses connections"],
    ConnectionRefused: ["backend_unreachable", "the backend refuses connections"],
    ENETUNREACH: ["backend_unreachable", "no network leads to the backend"],
    EHOSTUNREACH: ["backend_unreachable", "no network leads to the backend"],
    ETIMEDOUT: ["backend_unreachable", "the backend does not answer connection attempts"],
    FailedToOpenSocket: ["backend_unreachable", "no connection to the backend could be opened"],
    ENOTFOUND: ["backend_name_not_resolved", "the backend's name does not resolve"],
    ECONNRESET: [
      "backend_connection_closed",
      "the backend closed the connection without an answer",
    ],
    ConnectionClosed: ["backend_connection_closed", "the backend closed the connection"],
    EPIPE: ["backend_connection_closed", "the backend closed the connection"],
    EPROTO: ["backend_tls_failed", "the TLS handshake with the backend failed"],
  }),
);

/** What an error of fetch means. Its own message is for the log; the detail is for the client. */
export function backendError(error: unknown): GatewayError {
  const code = errorCode(error);
  const known = MEANINGS.get(code);
  if (known !== undefined) return new GatewayError(known[0], known[1], { cause: error });
  if (/CERT|TLS|SSL|SELF_SIGNED|UNABLE_TO/.test(code)) {
    return new GatewayError("backend_tls_failed", "the backend's certificate is not trusted", {
      cause: error,
    });
  }
  if (/HTTP|Header|Chunk|Malformed/i.test(code)) {
    return new GatewayError("backend_protocol_error", "the backend's answer is not valid HTTP", {
      cause: error,
    });
  }
  return new GatewayError("backend_unreachable", "the backend could not be reached", {
    cause: error,
  });
}

function errorCode(error: unknown): string {
  if (typeof error !== "object" || error === null || !("code" in error)) return "";
  return String(error.code);
}
