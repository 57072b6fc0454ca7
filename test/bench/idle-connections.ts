import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Backend, paths } from "./backend.ts";
import { type Contestant, startContestant } from "./contestant.ts";
import { memoryOf } from "./proc.ts";
import type { Stage } from "./stage.ts";

/** What idle client connections cost each contestant, by its key; with "tls-" before it over TLS. */
export interface IdleConnections {
  readonly connections: number;
  /** Bytes of resident memory for each connection. */
  readonly bytesEach: Readonly<Record<string, number>>;
}

interface Address {
  readonly port: number;
  readonly isSecure: boolean;
}

const WANTED = 20_000;
/** Descriptors of a process that are not connections. */
const OTHER_DESCRIPTORS = 100;
const PER_PROCESS = 5_000;

/**
 * Opens 20,000 connections, sends a request on each, and compares the contestant's memory with fewer and
 * with all. There are fewer where the limit on file descriptors does not leave room for as many and for as
 * many to backends, which the gateway insists on.
 */
export async function measureIdleConnections(
  stage: Stage,
  contestants: readonly Contestant[],
  backend: Backend,
): Promise<IdleConnections> {
  const connections = Math.min(WANTED, Math.floor((descriptorLimit() - OTHER_DESCRIPTORS) / 2));
  const bytesEach: Record<string, number> = {};
  for (const contestant of contestants) {
    for (const isSecure of contestant.speaks.includes("https") ? [false, true] : [false]) {
      const entrant = await startContestant(contestant, stage, backend);
      const { http, tls } = entrant.ports;
      const address: Address = isSecure ? { port: tls, isSecure } : { port: http, isSecure };
      const key = isSecure ? `tls-${contestant.key}` : contestant.key;
      bytesEach[key] = await measure(entrant.process.pid, address, connections);
      await entrant.process.stop();
    }
  }
  return { connections, bytesEach };
}

/** What each connection adds to the memory, once a fifth of them are open. */
async function measure(pid: number, address: Address, connections: number) {
  const clients: Bun.Subprocess<"ignore", "pipe", "inherit">[] = [];
  const open = async (count: number) => {
    for (let left = count; left > 0; left -= PER_PROCESS) {
      clients.push(await openConnections(address, Math.min(left, PER_PROCESS)));
    }
    return settledMemory(pid);
  };
  try {
    // The first ones fill what the start and the growth of heap and code have left free.
    const first = Math.floor(connections / 5);
    const before = await open(first);
    return Math.max(0, (await open(connections - first)) - before) / (connections - first);
  } finally {
    for (const client of clients) client.kill();
    await Promise.all(clients.map(({ exited }) => exited));
  }
}

/** Returns once each connection has had its answer. Throws if one is refused or closed. */
async function openConnections({ port, isSecure }: Address, count: number) {
  const client = Bun.spawn([process.execPath, join(import.meta.dir, "scripts/idle-clients.ts")], {
    env: {
      ...process.env,
      PORT: `${port}`,
      COUNT: `${count}`,
      TARGET: paths.small,
      TLS: isSecure ? "yes" : "",
    },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "inherit",
  });
  const reader = client.stdout.getReader();
  const { value } = await reader.read();
  const said = new TextDecoder().decode(value).trim();
  reader.releaseLock();
  if (said === "ready") return client;
  client.kill();
  throw new Error(`idle connections to port ${port}: ${said}`);
}

const LOOK_EVERY_MS = 250;
/** How often in a row the memory must not have become less. */
const SETTLED_AFTER = 12;
const LOOKS_AT_MOST = 80;

/** Bytes of resident memory, once garbage has been given back. */
async function settledMemory(pid: number): Promise<number> {
  let least = Infinity;
  let unchanged = 0;
  for (let look = 0; look < LOOKS_AT_MOST && unchanged < SETTLED_AFTER; look += 1) {
    const { resident } = memoryOf(pid);
    unchanged = resident < least ? 0 : unchanged + 1;
    least = Math.min(least, resident);
    await Bun.sleep(LOOK_EVERY_MS);
  }
  return least;
}

/** The soft limit of child processes, which the runtime raises as far as it may. */
function descriptorLimit(): number {
  const limits = readFileSync("/proc/self/limits", "utf8");
  return Number(/^Max open files\s+\d+\s+(\d+)/m.exec(limits)?.[1] ?? 1_024);
}
