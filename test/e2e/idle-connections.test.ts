import { expect, test } from "bun:test";
import { createServer, type Socket } from "node:net";
import { ask } from "../support/ask.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();
const TRIES = 50;

/** What a backend does when a request has come; `order` is 1 for the first of its connection. */
type Manner = (socket: Socket, order: number) => void;

/** A backend that says it keeps each connection, and ends it all the same. */
async function startFickle(manner: Manner): Promise<{ url: string; lines: string[] }> {
  const lines: string[] = [];
  const server = createServer((socket) => {
    stage.defer(() => socket.destroy());
    socket.on("error", () => socket.destroy());
    let text = "";
    let order = 0;
    socket.on("data", (piece) => {
      text += piece.toString("latin1");
      if (!text.endsWith(text.startsWith("POST") ? "\r\n\r\nhello" : "\r\n\r\n")) return;
      lines.push(text.slice(0, text.indexOf("\r\n")));
      text = "";
      order += 1;
      manner(socket, order);
    });
  });
  stage.defer(() => server.close());
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  return { url: `http://127.0.0.1:${port}`, lines };
}

function answer(socket: Socket, then: () => void = () => undefined): void {
  if (socket.writable) socket.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", then);
}

const MANNERS: readonly (readonly [string, Manner])[] = [
  ["closes its idle connections at once", (socket) => answer(socket, () => socket.end())],
  [
    "resets its idle connections at once",
    (socket) => answer(socket, () => socket.resetAndDestroy()),
  ],
  [
    "closes its idle connections a moment later",
    (socket) => answer(socket, () => setTimeout(() => socket.end(), 1)),
  ],
  [
    "closes a connection at its second request",
    (socket, order) => (order === 1 ? answer(socket) : socket.end()),
  ],
  [
    "resets a connection at its second request",
    (socket, order) => (order === 1 ? answer(socket) : socket.resetAndDestroy()),
  ],
];

async function startBefore(manner: Manner) {
  const backend = await startFickle(manner);
  const gateway = await startGateway(stage, {
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [backend.url] }],
  });
  return { backend, gateway };
}

test.each(MANNERS)("a backend that %s costs no GET", async (_, manner) => {
  const { gateway } = await startBefore(manner);

  const statuses: number[] = [];
  for (let sent = 0; sent < TRIES; sent += 1) {
    const answer = await ask(`${gateway.url}/${sent}`);
    await answer.bytes();
    statuses.push(answer.status);
  }

  expect(statuses.filter((status) => status !== 200)).toEqual([]);
});

test.each(MANNERS)("a backend that %s gets no POST twice", async (_, manner) => {
  const { backend, gateway } = await startBefore(manner);

  const statuses: number[] = [];
  for (let sent = 0; sent < TRIES; sent += 1) {
    const answer = await ask(`${gateway.url}/${sent}`, { method: "POST", body: "hello" });
    await answer.bytes();
    statuses.push(answer.status);
  }

  const { lines } = backend;
  expect(new Set(lines).size).toBe(lines.length);
  expect(statuses.filter((status) => status !== 200 && status !== 502)).toEqual([]);
});
