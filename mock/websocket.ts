import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { type Call, answerError } from "./call.ts";
import { type Message, MessageReader, ProtocolError, encodeClose, encodeFrame } from "./frames.ts";
import type { Route } from "./router.ts";
import { BadValue, readWholeNumber } from "./values.ts";

/** Joined with the client's key in the handshake (RFC 6455 section 1.3). */
const HANDSHAKE_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const LONGEST_REASON = 123;

/** Whether a request asks for a WebSocket here; any other Upgrade is ignored. */
export function asksForWebSocket(request: IncomingMessage): boolean {
  const [path] = (request.url ?? "").split("?");
  return path === "/ws" && request.headers.upgrade?.toLowerCase() === "websocket";
}

function readClose(query: URLSearchParams): Buffer | undefined {
  const written = query.get("close");
  if (written === null) return undefined;
  const code = readWholeNumber("close", written, 1000, 4999);
  // These three only represent a missing close frame (RFC 6455 section 7.4.1).
  if ([1005, 1006, 1015].includes(code)) {
    throw new BadValue(
      `close is "${written}"; expected a code that may be sent, like 1000 or 4001`,
    );
  }
  const reason = query.get("reason") ?? "";
  if (Buffer.byteLength(reason) > LONGEST_REASON) {
    throw new BadValue(`reason is too long; expected at most ${LONGEST_REASON} bytes`);
  }
  return encodeClose(code, reason);
}

function acceptWebSocket(call: Call): void {
  const { request, response, upgradeHead } = call;
  const { socket, headers } = request;
  const key = headers["sec-websocket-key"];
  if (upgradeHead === undefined) {
    answerError(call, 426, "This is a WebSocket; ask for an upgrade", ["Upgrade", "websocket"]);
    return;
  }
  if (headers["sec-websocket-version"] !== "13") {
    answerError(call, 426, "Expected version 13", ["Sec-WebSocket-Version", "13"]);
    return;
  }
  if (key === undefined) throw new BadValue("Expected a Sec-WebSocket-Key field");
  const close = readClose(call.query);

  response.detachSocket(socket);
  const accept = createHash("sha1")
    .update(key + HANDSHAKE_GUID)
    .digest("base64");
  const [protocol = ""] = (headers["sec-websocket-protocol"] ?? "").split(",");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${accept}\r\n` +
      (protocol === "" ? "" : `Sec-WebSocket-Protocol: ${protocol.trim()}\r\n`) +
      "\r\n",
  );
  echoMessages(call, upgradeHead, close);
}

function echoMessages(call: Call, head: Buffer, close: Buffer | undefined): void {
  const { socket } = call.request;
  const reader = new MessageReader();
  let open = true;
  const shut = (payload: Buffer) => {
    open = false;
    socket.end(encodeFrame("close", payload));
  };
  const answer = ({ kind, payload }: Message) => {
    if (kind === "close") return shut(payload);
    if (kind === "pong") return;
    const roomLeft = socket.write(encodeFrame(kind === "ping" ? "pong" : kind, payload));
    if (!roomLeft) socket.pause();
  };
  const take = (piece: Buffer) => {
    if (!open) return;
    try {
      for (const message of reader.push(piece)) if (open) answer(message);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      shut(encodeClose(error.code, error.message));
    }
  };
  socket.on("drain", () => socket.resume());
  socket.on("end", () => socket.end());
  socket.on("data", take);
  if (close !== undefined) shut(close);
  else take(head);
}

/** A WebSocket that echoes what it receives. */
export const webSocketRoute: Route = {
  path: "/ws",
  about:
    "A WebSocket that echoes text and binary messages and takes the first subprotocol on offer; ?close=4001&reason=bye closes it at once.",
  on: { GET: acceptWebSocket },
};
