import type { Call } from "./call.ts";
import { pause, send } from "./flow.ts";
import type { Route } from "./router.ts";
import { BadValue, readDuration, readSize, readWholeNumber } from "./values.ts";

const PIECE = Buffer.alloc(64 * 1024, "0123456789abcdef");
const MOST_CHUNKS = 100_000;
const MOST_EVENTS = 1_000_000;
const MOST_BYTES = 2 ** 30;

/** How much larger the Content-Length of a broken-off answer is than what is sent. */
const MISSING_BYTES = 1024;

async function sendBytes(call: Call, size: number): Promise<boolean> {
  let left = size;
  while (left > 0) {
    const piece = PIECE.subarray(0, Math.min(left, PIECE.length));
    if (!(await send(call, piece))) return false;
    left -= piece.length;
  }
  return true;
}

async function answerBytes(call: Call, parameter: string): Promise<void> {
  const size = readSize("size", parameter, "1GiB");
  call.response.writeHead(200, {
    "Content-Type": "application/octet-stream",
    "Content-Length": size,
  });
  if (call.method === "HEAD" || (await sendBytes(call, size))) call.response.end();
}

async function answerStream(call: Call, parameter: string): Promise<void> {
  const chunks = readWholeNumber("chunks", parameter, 0, MOST_CHUNKS);
  const size = readSize("size", call.query.get("size") ?? "1KiB", "1MiB");
  const interval = readDuration("interval", call.query.get("interval") ?? "0ms");
  if (size === 0)
    throw new BadValue("size is 0; expected a size from 1 to 1MiB, like 1024 or 64KiB");
  if (chunks * size > MOST_BYTES) {
    throw new BadValue(`${chunks} chunks of ${size} bytes are too much; expected 1GiB at most`);
  }
  const chunk = Buffer.alloc(size, PIECE);
  call.response.writeHead(200, { "Content-Type": "application/octet-stream" });
  for (let sent = 0; call.method !== "HEAD" && sent < chunks; sent += 1) {
    if (sent > 0 && interval > 0 && !(await pause(call, interval))) return;
    if (!(await send(call, chunk))) return;
  }
  call.response.end();
}

async function answerEvents(call: Call): Promise<void> {
  const written = call.query.get("count");
  const count = written === null ? Infinity : readWholeNumber("count", written, 0, MOST_EVENTS);
  const interval = readDuration("interval", call.query.get("interval") ?? "1s", "1ms");
  call.response.writeHead(200, {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache",
  });
  call.response.flushHeaders();
  for (let number = 1; call.method !== "HEAD" && number <= count; number += 1) {
    if (number > 1 && !(await pause(call, interval))) return;
    const data = JSON.stringify({ server: call.server, number });
    if (!(await send(call, `id: ${number}\nevent: tick\ndata: ${data}\n\n`))) return;
  }
  call.response.end();
}

async function breakOff(call: Call, parameter: string): Promise<void> {
  const size = readSize("bytes", parameter, "1GiB");
  const { response, request } = call;
  response.writeHead(200, {
    "Content-Type": "application/octet-stream",
    "Content-Length": size + MISSING_BYTES,
  });
  response.flushHeaders();
  await sendBytes(call, size);
  request.socket.destroy();
}

/** Bodies by size, in chunks, as events, and answers that never come or never end. */
export const bodyRoutes: readonly Route[] = [
  {
    path: "/bytes/:size",
    about: "That many bytes (1024, 64KiB, 10MB, at most 1GiB) with a Content-Length.",
    on: { GET: answerBytes },
  },
  {
    path: "/stream/:chunks",
    about: "A chunked body of that many chunks, each of ?size=1KiB, one every ?interval=0ms.",
    on: { GET: answerStream },
  },
  {
    path: "/sse",
    about: "Server-sent events, one every ?interval=1s, until ?count=, or forever.",
    on: { GET: answerEvents },
  },
  {
    path: "/drop",
    about: "Closes the connection without an answer.",
    on: { ANY: (call) => void call.request.socket.destroy() },
  },
  {
    path: "/drop/:bytes",
    about: "Closes the connection after that many bytes of a body whose Content-Length is larger.",
    on: { ANY: breakOff },
  },
];
