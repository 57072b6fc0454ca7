import { appendToList, contentLength, removeHopByHopFields } from "../http/fields.ts";
import { forwardingFields } from "../http/forwarded.ts";
import { carriesContent } from "../http/methods.ts";
import type { Clock } from "../pipeline/clock.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import { countedBody } from "./body.ts";
import type { RequestContent } from "./transport.ts";

/** How much of a request's content is read whole, so that it goes out in one piece. */
const READ_WHOLE_UP_TO = 64 * 1024;

/**
 * Turns the client's fields into those for the backend, in place: hop-by-hop fields go, identity
 * that the client had no right to claim goes, and what the gateway knows is added. The additions
 * come last, so that a Connection field cannot name them away.
 */
export function prepareRequestFields(exchange: Exchange): void {
  const { headers } = exchange.request;
  const { client } = exchange;
  const host = headers.get("host");
  removeHopByHopFields(headers);
  headers.delete("expect");
  if (!client.viaTrustedProxy) {
    for (const name of forwardingFields) {
      if (name !== "via") headers.delete(name);
    }
  }
  appendToList(headers, "x-forwarded-for", client.peer);
  if (!headers.has("x-forwarded-proto")) headers.set("x-forwarded-proto", client.protocol);
  if (host !== null && !headers.has("x-forwarded-host")) headers.set("x-forwarded-host", host);
  headers.set("x-real-ip", client.address);
  headers.set("x-request-id", exchange.requestId);
  appendToList(headers, "via", VIA);
}

/** How the gateway names itself in Via (RFC 9110 section 7.6.3). */
export const VIA = "1.1 gateway";

/** Refuses a request whose content the runtime would drop without a word. */
export function refuseDiscardedContent(exchange: Exchange): void {
  if (carriesContent(exchange.method)) return;
  const { headers } = exchange.request;
  const length = headers.get("content-length");
  if ((length !== null && length !== "0") || headers.has("transfer-encoding")) {
    throw new GatewayError(
      "bad_request",
      `a ${exchange.method} request with content is not forwarded; send it as POST, or as QUERY`,
    );
  }
  if (length !== null) headers.delete("content-length");
}

export interface RequestBodyLimits {
  /** Bytes of content above which the answer is 413. */
  readonly maxBodySize: number;
  /** Milliseconds for a small body to arrive whole. */
  readonly readTimeout: number;
}

/**
 * The content to send: null, the bytes of a small body, or a stream that counts what passes. Must
 * run before `prepareRequestFields`, which removes Transfer-Encoding.
 */
export function requestBody(
  exchange: Exchange,
  limits: RequestBodyLimits,
  clock: Clock,
): RequestContent | Promise<RequestContent> {
  const { request } = exchange;
  if (!carriesContent(exchange.method)) return null;
  const length = contentLength(request.headers);
  if (length === undefined && !request.headers.has("transfer-encoding")) return null;
  if (length === 0) return EMPTY;
  if (length !== undefined && length > limits.maxBodySize) throw tooLarge(limits.maxBodySize);
  if (length !== undefined && length <= READ_WHOLE_UP_TO) {
    return readWhole(exchange, limits.readTimeout, clock);
  }
  if (request.body === null) return null;
  return countedBody(request.body, {
    onChunk(bytes) {
      exchange.bytesIn += bytes;
      if (exchange.bytesIn > limits.maxBodySize) throw tooLarge(limits.maxBodySize);
    },
  });
}

// fetch leaves Content-Length out for null, and keeps "0" for this.
const EMPTY = new Uint8Array(0);

async function readWhole(exchange: Exchange, timeout: number, clock: Clock): Promise<Uint8Array> {
  let cancelTimer: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    cancelTimer = clock.schedule(timeout, () => {
      reject(
        new GatewayError("request_timeout", `the request's content took longer than ${timeout} ms`),
      );
    });
  });
  try {
    const bytes = await Promise.race([exchange.request.bytes(), late]);
    exchange.bytesIn = bytes.length;
    return bytes;
  } catch (error) {
    if (error instanceof GatewayError) throw error;
    throw new GatewayError("client_closed", "the client left before its content had arrived", {
      cause: error,
    });
  } finally {
    cancelTimer?.();
  }
}

function tooLarge(limit: number): GatewayError {
  return new GatewayError("body_too_large", `the request's content is over ${limit} bytes`);
}
