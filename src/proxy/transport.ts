import type { Clock } from "../pipeline/clock.ts";
import { GatewayError, type ErrorCode } from "../pipeline/errors.ts";

/** Sends one request to one backend. Replaceable, so that tests can stand in for the network. */
export type Fetch = (url: string, init: BunFetchRequestInit) => Promise<Response>;

/** Content on its way to a backend: in one piece, as a stream, or none. */
export type RequestContent = Uint8Array | ReadableStream<Uint8Array> | null;

export interface Attempt {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: RequestContent;
  /** Milliseconds until the backend's header section must have arrived. */
  readonly headersTimeout: number;
  /** Aborts when the client leaves. */
  readonly clientSignal: AbortSignal;
}

export interface Answer {
  readonly response: Response;
  /** Breaks off the backend's body: the client has left, or has had enough. */
  abort(): void;
}

/**
 * One attempt: sends the request and waits for the header section of the answer. Throws a
 * GatewayError that says what became of it: unreachable, closed, garbage, too late, client gone.
 */
export async function attempt(request: Attempt, fetch: Fetch, clock: Clock): Promise<Answer> {
  const controller = new AbortController();
  let late = false;
  const cancelTimer = clock.schedule(request.headersTimeout, () => {
    late = true;
    controller.abort();
  });
  const abort = () => controller.abort();
  request.clientSignal.addEventListener("abort", abort, { once: true });
  try {
    const response = await fetch(request.url, {
      method: request.method,
      headers: request.headers,
      body: request.body,
      signal: controller.signal,
      redirect: "manual",
      decompress: false,
      // Else HTTP_PROXY in the environment would take over even requests to this machine.
      proxy: NO_PROXY,
      keepalive: true,
    });
    return { response, abort };
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    if (request.clientSignal.aborted) {
      throw new GatewayError("client_closed", "the client left before there was an answer");
    }
    if (late) {
      throw new GatewayError(
        "backend_timeout",
        `the backend sent no answer within ${request.headersTimeout} ms`,
      );
    }
    throw backendError(error);
  } finally {
    cancelTimer();
  }
}

// The types know only a URL here; false is what switches proxying off.
const NO_PROXY = false as unknown as string;

const MEANINGS: Record<string, readonly [ErrorCode, string]> = {
  ECONNREFUSED: ["backend_unreachable", "the backend refuses connections"],
  ConnectionRefused: ["backend_unreachable", "the backend refuses connections"],
  ENETUNREACH: ["backend_unreachable", "no network leads to the backend"],
  EHOSTUNREACH: ["backend_unreachable", "no network leads to the backend"],
  ETIMEDOUT: ["backend_unreachable", "the backend does not answer connection attempts"],
  FailedToOpenSocket: ["backend_unreachable", "no connection to the backend could be opened"],
  ENOTFOUND: ["backend_name_not_resolved", "the backend's name does not resolve"],
  ECONNRESET: ["backend_connection_closed", "the backend closed the connection without an answer"],
  ConnectionClosed: ["backend_connection_closed", "the backend closed the connection"],
  EPIPE: ["backend_connection_closed", "the backend closed the connection"],
  EPROTO: ["backend_tls_failed", "the TLS handshake with the backend failed"],
};

/** What an error of fetch means. Its own message is for the log; the detail is for the client. */
export function backendError(error: unknown): GatewayError {
  const code = errorCode(error);
  const known = MEANINGS[code];
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
