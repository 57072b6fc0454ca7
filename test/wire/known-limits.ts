/** Cases that this gateway cannot pass on the runtime that it is built on, and why: name → reason. */
export const knownLimits: ReadonlyMap<string, string> = new Map([
  [
    "websocket handshakes: Set-Cookie and other fields of the backend's 101 reach the client",
    "WebSocket does not show the fields of a 101",
  ],
  [
    "websocket handshakes: a refusal of the backend keeps its fields and content",
    "WebSocket tells of a refusal's status alone",
  ],
  [
    "websocket handshakes: a backend that takes an upgrade for a plain request has its answer passed on",
    "WebSocket tells of a refusal's status alone",
  ],
]);
