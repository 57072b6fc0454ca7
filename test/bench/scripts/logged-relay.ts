import { systemClock } from "../../../src/time/clock.ts";
import { AccessLog } from "../../../src/telemetry/access-log/access-log.ts";
import { createAccessLogWorker } from "../../../src/telemetry/access-log/create-worker.ts";
import { exchangeRecord } from "../../support/exchange-record.ts";

/** The floor's handler with one thing more: a row of the gateway's access log for each request. */
export function loggedRelay(backend: string, database: string) {
  const log = new AccessLog({
    database,
    maxAge: 0,
    maxRollupAge: 0,
    maxSize: 0,
    maxQueuedBytes: 64 * 2 ** 20,
    flushInterval: 200,
    batchSize: 500,
    clock: systemClock,
    report: (_level, message) => process.stderr.write(`${message}\n`),
    createWorker: createAccessLogWorker,
  });
  return async function relay({ url, method, headers, body }: Request): Promise<Response> {
    const path = url.slice(url.indexOf("/", "http://".length));
    const timestamp = Date.now();
    const started = performance.now();
    const response = await fetch(backend + path, {
      method,
      headers,
      body,
      redirect: "manual",
      decompress: false,
    });
    const latencyMs = performance.now() - started;
    log.write(
      exchangeRecord({
        timestamp,
        method,
        path,
        statusCode: response.status,
        latencyMs,
        ttfbMs: latencyMs,
        backend,
        requestId: crypto.randomUUID(),
      }),
    );
    return response;
  };
}
