import type { Answer } from "../pipeline/answer.ts";
import { TOKEN } from "../http/fields.ts";
import type { RequestFields } from "../http/request-fields.ts";
import type { Clock } from "../time/clock.ts";
import { GatewayError } from "../pipeline/errors.ts";
import { AttemptError } from "../transport/attempt-error.ts";
import { connectError } from "../transport/descriptors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import type { Timeout } from "../time/timeout.ts";
import type { Cancellation } from "../pipeline/cancellation.ts";
import { Tunnel, type Tunnels } from "./tunnel.ts";

export interface WebSocketOptions {
  readonly tls: Bun.TLSOptions | undefined;
  /** Milliseconds without a message in either direction; 0 sets no limit. */
  readonly idleTimeout: number;
  /** For the backend to accept. */
  readonly timeout: Timeout<Cancellation>;
  readonly cancellation: Cancellation;
  readonly clock: Clock;
  readonly tunnels: Tunnels;
}

// Settings of each connection.
const HANDSHAKE_FIELDS: ReadonlySet<string> = new Set([
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-extensions",
  "sec-websocket-protocol",
]);

/** Throws if the listener could not complete the handshake (RFC 6455 section 4.2). */
export function checkHandshake(headers: RequestFields): void {
  const version = headers.get("sec-websocket-version");
  if (version !== "13") {
    throw new GatewayError("websocket_version", "only version 13 of WebSocket is supported", {
      fields: { upgrade: "websocket", "sec-websocket-version": "13" },
    });
  }
  const connection = headers.get("connection") ?? "";
  const key = headers.get("sec-websocket-key") ?? "";
  if (!/(?:^|,)\s*upgrade\s*(?:,|$)/i.test(connection) || !/^[A-Za-z0-9+/]{22}==$/.test(key)) {
    throw new GatewayError("bad_request", "the WebSocket handshake is not complete");
  }
  const offered = offeredProtocols(headers.get("sec-websocket-protocol") ?? "");
  if (!offered.every((name) => TOKEN.test(name)) || new Set(offered).size < offered.length) {
    throw new GatewayError(
      "bad_request",
      "the Sec-WebSocket-Protocol field is not a list of different names",
    );
  }
}

/** Subprotocols, without the empty elements that a list may have (RFC 9110 section 5.6.1.2). */
function offeredProtocols(list: string): string[] {
  return list.split(/[ \t]*,[ \t]*/).filter((name) => name !== "");
}

/**
 * Opens a WebSocket through to a backend (`url` begins with ws:// or wss://). The backend's handshake
 * comes first, so that the client gets its refusal and its choice of subprotocol. The resulting Answer
 * is never sent: the runtime has answered 101.
 */
export async function openTunnel(
  exchange: Exchange,
  url: string,
  fields: readonly string[],
  options: WebSocketOptions,
): Promise<Answer> {
  const { clock, tunnels, idleTimeout } = options;
  const backend = await dialAsOffered(url, fields, options);
  exchange.headersAt = clock.monotonic();
  const tunnel = new Tunnel(exchange, backend, { idleTimeout, clock, tunnels });
  // The runtime would choose the first subprotocol offered, whatever the backend chose.
  const answer = new Headers({ "x-request-id": exchange.requestId });
  answer.set("sec-websocket-protocol", backend.protocol);
  tunnel.shut(1011, "the client's handshake failed");
  throw new GatewayError("bad_request", "the WebSocket handshake is not valid");
}

/** Dials, offering the client's subprotocols. */
async function dialAsOffered(
  url: string,
  fields: readonly string[],
  options: WebSocketOptions,
): Promise<WebSocket> {
  const headers: Record<string, string> = {};
  let offered: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const [name = "", value = ""] = fields.slice(at, at + 2);
    if (name === "sec-websocket-protocol") offered = offeredProtocols(value);
    const before = headers[name];
    if (!HANDSHAKE_FIELDS.has(name))
      headers[name] = before === undefined ? value : `${before}, ${value}`;
  }
  try {
    return await dial(url, headers, offered, options);
  } catch (error) {
    if (!(error instanceof NoProtocolChosen)) throw error;
    // A backend may choose none, which the runtime takes for a failure; so nothing is offered.
    return dial(url, headers, [], options);
  }
}

class NoProtocolChosen extends Error {}

function dial(
  url: string,
  headers: Readonly<Record<string, string>>,
  protocols: string[],
  { tls, cancellation, timeout }: WebSocketOptions,
): Promise<WebSocket> {
  const socket = new WebSocket(url, {
    headers,
    protocols,
    ...(tls === undefined ? undefined : { tls }),
  });
  socket.binaryType = "nodebuffer";
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  const pendingTimeout = timeout.begin(cancellation);
  const giveUp = () => {
    reject(cancellation.reason ?? new Error("broken off without a reason"));
    socket.terminate();
  };
  cancellation.signal.addEventListener("abort", giveUp, { once: true });
  socket.addEventListener("open", () => {
    // Messages of the backend must wait until the client's end is open.
    socket.pause();
    resolve(socket);
  });
  socket.addEventListener("error", (event) => reject(refusal(event)));
  socket.addEventListener("close", () => reject(refusal(undefined)));
  return promise.finally(() => {
    timeout.end(pendingTimeout);
    cancellation.signal.removeEventListener("abort", giveUp);
  });
}

// The runtime reports a refusal in the text of an error, and only its status.
function refusal(event: unknown): Error {
  const message = event instanceof ErrorEvent ? event.message : "";
  if (message.includes("Missing client protocol")) return new NoProtocolChosen(message);
  if (message.includes("TLS handshake failed")) {
    const detail = "the TLS handshake with the backend failed";
    return new AttemptError("backend_tls_failed", detail, "nothing");
  }
  if (message.endsWith("Failed to connect")) {
    const detail = "the backend could not be reached";
    return connectError(new AttemptError("backend_unreachable", detail, "nothing"));
  }
  const written = /Expected 101 status code: ([0-9]{3})/.exec(message)?.[1];
  const status = Number(written);
  if (status >= 300 && status <= 599) {
    return new GatewayError("websocket_refused", `the backend refused with status ${status}`, {
      status,
    });
  }
  return written === undefined
    ? new AttemptError("backend_connection_closed", "the backend closed the connection", "maybe")
    : new AttemptError(
        "backend_protocol_error",
        "the backend's answer is not a WebSocket handshake",
        "maybe",
      );
}
