import { systemClock } from "../../src/time/clock.ts";
import { AccessLog } from "../../src/telemetry/access-log/access-log.ts";
import { createAccessLogWorker } from "../../src/telemetry/access-log/create-worker.ts";
import { BATCH_ROWS } from "../../src/telemetry/sinks/access-log.ts";
import type { Stage } from "./stage.ts";
import { exchangeRecord } from "../support/exchange-record.ts";

/** How long handing rows to the access log keeps the thread that answers clients. Milliseconds. */
export interface Flush {
  /** The 99th percentile, over batches, of the slowest row: the one that sends its batch off. */
  readonly p99: number;
  readonly longest: number;
}

const CLOSE_MS = 10_000;

/**
 * Writes batches of rows to a log like the gateway's, each row timed by itself. Runs here and not in
 * a gateway under load, where one request's delay has many causes.
 */
export async function measureFlush(stage: Stage, batches: number): Promise<Flush> {
  const log = new AccessLog({
    database: stage.path("flush.db"),
    maxAge: 0,
    maxRollupAge: 0,
    maxSize: 0,
    maxQueuedBytes: 64 * 2 ** 20,
    flushInterval: 200,
    batchSize: BATCH_ROWS,
    clock: systemClock,
    createWorker: createAccessLogWorker,
    report: (level, message) => void process.stderr.write(`${level}: ${message}\n`),
  });
  const slowest: number[] = [];
  for (let batch = 0; batch < batches; batch += 1) {
    let longest = 0;
    for (let row = 0; row < BATCH_ROWS; row += 1) {
      const started = performance.now();
      log.write(recordOf(batch * BATCH_ROWS + row));
      longest = Math.max(longest, performance.now() - started);
    }
    slowest.push(longest);
    // The next batch is sent only when this one is in the database.
    while (log.counts().queued > 0) await Bun.sleep(1);
  }
  await log.close(CLOSE_MS);
  slowest.sort((one, other) => one - other);
  return {
    p99: slowest[Math.floor(slowest.length * 0.99)] ?? 0,
    longest: slowest.at(-1) ?? 0,
  };
}

function recordOf(index: number) {
  return exchangeRecord({
    timestamp: Date.now(),
    path: `/api/users/${index}`,
    host: "api.example.com",
    latencyMs: index / 1000,
    ttfbMs: index / 2000,
    clientIp: `192.0.2.${index % 250}`,
    userAgent: `Mozilla/5.0 (X11; Linux x86_64) Client/${index % 50}`,
    backend: "http://127.0.0.1:9001",
    route: "/api/users/*",
    requestId: crypto.randomUUID(),
    bytesOut: 90,
  });
}
