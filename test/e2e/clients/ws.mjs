// A client or a backend made with the package "ws", which Bun replaces by one of its own; so it runs on
// Node:   node ws.mjs serve   |   node ws.mjs ask URL
import { createServer } from "node:http";
import { WebSocket, WebSocketServer } from "ws";

const TEXT = "all the same ".repeat(80_000);
const BYTES = Buffer.from(Array.from({ length: 70_000 }, (_, index) => (index * 31) % 251));
/** Compresses messages of any size. */
const perMessageDeflate = { threshold: 0 };
const [, , task, url] = process.argv;

if (task === "serve") serve();
else ask();

/** Echoes messages, and prints what it agreed on and how each WebSocket was closed. */
function serve() {
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate });
  sockets.on("headers", (lines) => lines.push("Set-Cookie: session=1", "Set-Cookie: node=7"));
  sockets.on("connection", (socket, request) => {
    print({ cookie: request.headers.cookie, extensions: socket.extensions });
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    socket.on("close", (code, reason) => print({ code, reason: String(reason) }));
  });
  server.listen(0, "127.0.0.1", () => print({ port: server.address().port }));
}

/** Sends a long text and bytes, waits for their echoes, closes, and prints what it saw. */
function ask() {
  const headers = { cookie: "a=b" };
  const socket = new WebSocket(url, ["chat"], { headers, perMessageDeflate });
  const echoed = [];
  let cookies = [];
  socket.on("upgrade", (response) => {
    cookies = response.headers["set-cookie"] ?? [];
  });
  socket.on("open", () => {
    socket.send(TEXT);
    socket.send(BYTES);
  });
  socket.on("message", (data, isBinary) => {
    echoed.push(data.equals(isBinary ? BYTES : Buffer.from(TEXT)));
    if (echoed.length === 2) socket.close(4001, "enough");
  });
  socket.on("close", (code, reason) => {
    const { extensions, protocol } = socket;
    print({ extensions, protocol, cookies, echoed, code, reason: String(reason) });
  });
  socket.on("error", (error) => print({ error: error.message }));
}

function print(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
