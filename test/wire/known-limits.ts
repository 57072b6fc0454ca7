/** Cases that this gateway cannot pass on the runtime that it is built on, and why: name → reason. */
export const knownLimits: ReadonlyMap<string, string> = new Map([
  [
    "answer bodies: 12 MB of known length keep their Content-Length",
    "a streamed body goes out in chunks, Bun issue 10507",
  ],
  [
    "streaming: the head of an answer is passed on before any of its content",
    "the listener sends the head with the first chunk, Bun pull request 33660",
  ],
  ["streaming: a 103 before the final answer is passed on", "1xx cannot be sent, Bun issue 8690"],
  [
    "leaving: a client that closes its sending side only still gets its answer",
    "the listener takes the end of what a client sends for its leaving",
  ],
  [
    "paths: an absolute-form target with another authority is refused, or decides the Host",
    "the listener does not show the request target as it was sent",
  ],
  [
    "hostile chunks: a request with trailers gets an answer",
    "the listener refuses trailers with 400, Bun issue 32887",
  ],
  [
    "connections: pipelined requests are answered in their order",
    "the listener closes the connection instead, Bun issue 38128",
  ],
  [
    "answer bodies: an answer of 900 KB without Content-Type keeps its Content-Length",
    "the listener would add a type to collected content, so it is sent as a stream, in chunks",
  ],
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
