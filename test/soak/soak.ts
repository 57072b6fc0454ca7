import { Database } from "bun:sqlite";
import { startGateway } from "../support/gateway-process.ts";
import { type MockProcess, startMockProcess } from "../support/mock-process.ts";
import { openDescriptors, pidOf, residentBytes } from "../support/proc.ts";
import type { Stage } from "../support/stage.ts";
import { load } from "./load.ts";
import { pause } from "./pause.ts";
import { megabytes, say, verdict } from "./report.ts";
import { Tally } from "./tally.ts";

const SAMPLE_MS = 1000;
const PRINT_EVERY = 10;
const LIFE_MS = 8000;
const DEATH_MS = 2000;
/** Memory may be this much higher in the last third than in the second. */
const FLAT_WITHIN_BYTES = 16 * 1024 * 1024;
/** The database, its log and what else is opened at the first use. */
const FIRST_USE_DESCRIPTORS = 8;
const SETTLE_MS = 3000;

/**
 * A gateway on a bad day: plain requests, clients that leave, slow readers, WebSockets, and backends
 * that die and come back. Prints figures every ten seconds, and at the end whether memory, file
 * descriptors and the access log are as they have to be.
 */
export async function soak(stage: Stage, duration: number): Promise<boolean> {
  const steady = await startMockProcess(stage, "steady");
  const mortal = await startMortal(stage);
  const gateway = await startGateway(stage, {
    server: { idle_timeout: "30s" },
    health_check: { interval: "1s", timeout: "500ms", unhealthy_after: 1 },
    routes: [{ path: "/*", backends: [steady.url, mortal.url] }],
  });
  const pid = pidOf(gateway);
  const tally = new Tally();
  const descriptors = openDescriptors(pid);
  const resident: number[] = [];
  say("seconds  resident  descriptors  exchanges  rows");
  const sampling = setInterval(() => {
    resident.push(residentBytes(pid));
    if (resident.length % PRINT_EVERY !== 0) return;
    const figures = [
      String(resident.length).padStart(7),
      `${megabytes(resident.at(-1) ?? 0)} MB`.padStart(9),
      String(openDescriptors(pid)).padStart(12),
      String(tally.exchanges).padStart(10),
      String(countRows(gateway.database)).padStart(5),
    ];
    say(figures.join(" "));
  }, SAMPLE_MS);

  await load(gateway, tally, duration);

  clearInterval(sampling);
  await mortal.end();
  steady.kill("SIGKILL");
  await steady.exited;
  await Bun.sleep(SETTLE_MS);
  const left = openDescriptors(pid);
  const code = await gateway.stop();
  const rows = countRows(gateway.database);
  say(tally.summary);
  const [second, last] = [meanOfThird(resident, 1), meanOfThird(resident, 2)];
  return [
    verdict(
      last - second < FLAT_WITHIN_BYTES,
      `memory: ${megabytes(second)} MB in the second third, ${megabytes(last)} MB in the last`,
    ),
    verdict(
      left <= descriptors + FIRST_USE_DESCRIPTORS,
      `descriptors: ${descriptors} before, ${left} after`,
    ),
    verdict(rows === tally.exchanges, `access log: ${tally.exchanges} exchanges, ${rows} rows`),
    verdict(code === 0, `SIGTERM: exit code ${code}`),
    verdict(
      gateway.errors.text === "" && gateway.lines.matching(/failed in the gateway/).length === 0,
      "standard error and the log: no crash of the gateway's own",
    ),
  ].every(Boolean);
}

/** A backend that dies without a word and comes back at the same address, again and again. */
async function startMortal(stage: Stage) {
  let backend: MockProcess = await startMockProcess(stage, "mortal");
  const { url, port } = backend;
  const over = new AbortController();
  const live = async () => {
    for (;;) {
      await pause(LIFE_MS, over.signal);
      backend.kill("SIGKILL");
      await backend.exited;
      if (over.signal.aborted) return;
      await pause(DEATH_MS, over.signal);
      backend = await startMockProcess(stage, "mortal", ["--port", String(port)]);
    }
  };
  const ended = live();
  return {
    url,
    async end() {
      over.abort();
      await ended;
    },
  };
}

function countRows(file: string): number {
  try {
    using database = new Database(file, { readonly: true });
    return (
      database.query<{ rows: number }, []>("SELECT count(*) AS rows FROM logs").get()?.rows ?? 0
    );
  } catch {
    // Not there yet, or just being written.
    return 0;
  }
}

function meanOfThird(samples: readonly number[], third: 0 | 1 | 2): number {
  const size = Math.floor(samples.length / 3);
  const part = samples.slice(third * size, (third + 1) * size);
  return part.reduce((sum, sample) => sum + sample, 0) / Math.max(1, part.length);
}
