import { ask } from "../support/ask.ts";
import type { GatewayProcess } from "../support/gateway-process.ts";
import { message } from "../support/raw-http.ts";
import { Client } from "../wire/client.ts";

const PATIENCE_MS = 30_000;

/** What the clients did, for comparison with the access log. */
export class Tally {
  /** Requests whose whole head was sent, however they ended. */
  exchanges = 0;
  /** How they ended: a status, or what the client did. */
  readonly outcomes = new Map<string, number>();

  add(outcome: string): void {
    this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
  }
}

/** One kind of traffic: what a client does, and how many begin in a second. */
interface Kind {
  readonly perSecond: number;
  readonly run: (gateway: GatewayProcess, tally: Tally) => Promise<void>;
}

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
] as const;

const ABORTED = ["/delay/1s", "/bytes/50MiB", "/sse?interval=10ms", "/stream/200?interval=5ms"];

/** Everything a gateway meets on a bad day, at a rate that leaves it idle most of the time. */
const KINDS: readonly Kind[] = [
  { perSecond: 60, run: plain },
  { perSecond: 8, run: abortedDownload },
  { perSecond: 4, run: abortedUpload },
  { perSecond: 1, run: slowReader },
  { perSecond: 4, run: webSocket },
];

/** Keeps traffic going for so many milliseconds; resolves when the last of it has ended. */
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
  const [method, path] = pick(PLAIN);
  tally.exchanges += 1;
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

async function abortedDownload(gateway: GatewayProcess, tally: Tally): Promise<void> {
  const client = await begin(gateway, tally, [`GET ${pick(ABORTED)} HTTP/1.1`]);
  await Bun.sleep(between(20, 400));
  leave(client, tally);
}

async function abortedUpload(gateway: GatewayProcess, tally: Tally): Promise<void> {
  const client = await begin(gateway, tally, ["POST /echo HTTP/1.1", "Transfer-Encoding: chunked"]);
  for (let sent = 0; sent < 10; sent += 1) {
    await client.send(`400\r\n${"x".repeat(1024)}\r\n`);
    await Bun.sleep(between(5, 20));
  }
  leave(client, tally);
}

/** Reads for a moment and stops for a moment, again and again, and not to the end. */
async function slowReader(gateway: GatewayProcess, tally: Tally): Promise<void> {
  const client = await begin(gateway, tally, ["GET /bytes/20MiB HTTP/1.1"]);
  for (let pauses = 0; pauses < 10; pauses += 1) {
    client.pause();
    await Bun.sleep(250);
    client.resume();
    await Bun.sleep(2);
  }
  leave(client, tally);
}

async function webSocket(gateway: GatewayProcess, tally: Tally): Promise<void> {
  tally.exchanges += 1;
  const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/ws`);
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

async function begin(gateway: GatewayProcess, tally: Tally, lines: string[]): Promise<Client> {
  const client = await Client.connect("127.0.0.1", gateway.port, PATIENCE_MS);
  await client.send(message([...lines, "Host: gateway"]));
  tally.exchanges += 1;
  return client;
}

function leave(client: Client, tally: Tally): void {
  if (Math.random() < 0.5) client.reset();
  else client.close();
  tally.add("left");
}

function between(least: number, most: number): number {
  return Math.floor(least + Math.random() * (most - least));
}

function pick<T>(choice: readonly [T, ...T[]] | readonly T[]): T {
  return choice[between(0, choice.length)] as T;
}
