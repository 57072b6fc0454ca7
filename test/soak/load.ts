import { ask } from "../support/ask.ts";
import type { GatewayProcess } from "../support/gateway-process.ts";
import { message } from "../support/raw-http.ts";
import { Client } from "../wire/client.ts";
import type { Tally } from "./tally.ts";

const PATIENCE_MS = 30_000;

/** One kind of traffic: what a client does, and how many begin in a second. */
interface Kind {
  readonly perSecond: number;
  readonly run: (gateway: GatewayProcess, tally: Tally) => Promise<void>;
}

/**
 * Paths with their own routes: one with a limit below the load, one with a timeout below its answer.
 */
export const LIMITED = "/status/201";
export const HURRIED = "/delay/2s";

const PLAIN = [
  ["GET", "/api/users/1"],
  ["GET", "/bytes/100KiB"],
  ["GET", "/bytes/3MiB"],
  ["GET", "/stream/20"],
  ["GET", "/gzip"],
  ["GET", "/drop"],
  ["GET", "/drop/1000"],
  ["GET", "/status/404"],
  ["POST", "/echo"],
  ["GET", "/nowhere/../at/all"],
  ["GET", LIMITED],
  ["GET", HURRIED],
  ["GET", "/%00"],
] as const;

/** Answered at once, and slowly. */
const ABORTED = ["/bytes/50MiB", "/sse?interval=10ms", "/stream/200?interval=5ms"];
const UNANSWERED = "/delay/1s";

/** Everything a gateway meets on a bad day, at a rate that leaves it idle most of the time. */
const KINDS: readonly Kind[] = [
  { perSecond: 60, run: plain },
  { perSecond: 8, run: abortedDownload },
  { perSecond: 4, run: abortedUpload },
  { perSecond: 1, run: slowReader },
  { perSecond: 4, run: webSocket },
];

/** Keeps traffic going for that many milliseconds; resolves when the last request has ended. */
export async function load(gateway: GatewayProcess, tally: Tally, duration: number): Promise<void> {
  const running = new Set<Promise<void>>();
  const timers = KINDS.map(({ perSecond, run }) =>
    setInterval(() => {
      const one = run(gateway, tally).finally(() => running.delete(one));
      running.add(one);
    }, 1000 / perSecond),
  );
  await Bun.sleep(duration);
  for (const timer of timers) clearInterval(timer);
  await Promise.all(running);
}

async function plain(gateway: GatewayProcess, tally: Tally): Promise<void> {
  const [method, wanted] = pick(PLAIN);
  const { number, path } = tally.number(wanted);
  tally.sent.add(number);
  try {
    const answer = await ask(gateway.url + path, {
      method,
      // A connection for each, so that what is open at the end can be compared with the start.
      keepalive: false,
      ...(method === "POST" && { body: "x".repeat(1000) }),
    });
    await answer.bytes();
    tally.add(String(answer.status));
  } catch {
    tally.add("broken off");
  }
}

/** Leaves while the answer is under way, or while there is none yet. */
async function abortedDownload(gateway: GatewayProcess, tally: Tally): Promise<void> {
  if (Math.random() < 0.25) {
    const client = await begin(gateway, tally, "GET", UNANSWERED);
    await Bun.sleep(between(20, 400));
    close(client, tally);
    return;
  }
  const client = await begin(gateway, tally, "GET", pick(ABORTED));
  await answered(client);
  await Bun.sleep(between(0, 300));
  leave(client, tally);
}

async function abortedUpload(gateway: GatewayProcess, tally: Tally): Promise<void> {
  const client = await begin(gateway, tally, "POST", "/echo", ["Transfer-Encoding: chunked"]);
  for (let sent = 0; sent < 10; sent += 1) {
    await client.send(`400\r\n${"x".repeat(1024)}\r\n`);
    await Bun.sleep(between(5, 20));
  }
  close(client, tally);
}

/** Reads for a moment and stops for a moment, again and again, and not to the end. */
async function slowReader(gateway: GatewayProcess, tally: Tally): Promise<void> {
  const client = await begin(gateway, tally, "GET", "/bytes/20MiB");
  await answered(client);
  for (let pauses = 0; pauses < 10; pauses += 1) {
    client.pause();
    await Bun.sleep(250);
    client.resume();
    await Bun.sleep(2);
  }
  leave(client, tally);
}

async function webSocket(gateway: GatewayProcess, tally: Tally): Promise<void> {
  const { number, path } = tally.number("/ws");
  tally.sent.add(number);
  const socket = new WebSocket(gateway.url.replace("http", "ws") + path);
  const { promise: closed, resolve } = Promise.withResolvers<string>();
  let opened = false;
  let left = between(1, 40);
  const say = () => socket.send("x".repeat(between(1, 20_000)));
  socket.addEventListener("open", () => {
    opened = true;
    say();
  });
  socket.addEventListener("message", () => {
    left -= 1;
    if (left > 0) say();
    else if (Math.random() < 0.3) socket.terminate();
    else socket.close(1000);
  });
  socket.addEventListener("close", ({ code }) => resolve(opened ? `socket ${code}` : "no socket"));
  tally.add(await closed);
}

async function begin(
  gateway: GatewayProcess,
  tally: Tally,
  method: string,
  wanted: string,
  fields: readonly string[] = [],
): Promise<Client> {
  const { number, path } = tally.number(wanted);
  const client = await Client.connect("127.0.0.1", gateway.port, PATIENCE_MS);
  await client.send(message([`${method} ${path} HTTP/1.1`, ...fields, "Host: gateway"]));
  tally.sent.add(number);
  return client;
}

/** Waits for the answer's head, so that the gateway is known to have read the request's. */
async function answered(client: Client): Promise<void> {
  await client.head().catch(() => undefined);
}

function leave(client: Client, tally: Tally): void {
  if (Math.random() < 0.5) close(client, tally);
  else {
    client.reset();
    tally.add("left");
  }
}

/** Leaves with everything read that was sent: a reset may overtake the request. */
function close(client: Client, tally: Tally): void {
  client.close();
  tally.add("left");
}

function between(least: number, most: number): number {
  return Math.floor(least + Math.random() * (most - least));
}

function pick<T>(choice: readonly [T, ...T[]] | readonly T[]): T {
  return choice[between(0, choice.length)] as T;
}
