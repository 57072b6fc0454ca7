import { median } from "./median.ts";
import type { LoadResult } from "./wrk.ts";

const MESSAGE = "x".repeat(64);
const OPEN_WITHIN_MS = 5_000;

/** The contestant would not open a WebSocket. */
export class UpgradeRefused extends Error {}

/** Sends a message on each connection as soon as the last has come back. Throws UpgradeRefused. */
export async function echoMessages(
  url: string,
  connections: number,
  seconds: number,
): Promise<LoadResult> {
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(url)));
  const times: number[] = [];
  let failures = 0;
  let running = true;
  for (const socket of sockets) {
    let sent = performance.now();
    socket.addEventListener("message", () => {
      const now = performance.now();
      times.push((now - sent) * 1000);
      sent = now;
      if (running) socket.send(MESSAGE);
    });
    socket.addEventListener("close", () => {
      if (running) failures += 1;
    });
  }
  const started = performance.now();
  for (const socket of sockets) socket.send(MESSAGE);
  await Bun.sleep(seconds * 1000);
  const elapsed = (performance.now() - started) / 1000;
  running = false;
  for (const socket of sockets) socket.close();
  times.sort((a, b) => a - b);
  return {
    requests: times.length,
    seconds: elapsed,
    bytes: times.length * MESSAGE.length,
    failures,
    p50: median(times),
    p99: times[Math.floor(times.length * 0.99)] ?? Number.NaN,
    max: times.at(-1) ?? Number.NaN,
  };
}

function open(url: string): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url);
    const refuse = (why: string) => {
      clearTimeout(late);
      reject(new UpgradeRefused(why));
    };
    const late = setTimeout(() => {
      socket.close();
      refuse("no answer to the upgrade");
    }, OPEN_WITHIN_MS);
    socket.addEventListener("open", () => {
      clearTimeout(late);
      resolve(socket);
    });
    socket.addEventListener("error", () => refuse("the upgrade is refused"));
    socket.addEventListener("close", () => refuse("the upgrade is refused"));
  });
}
