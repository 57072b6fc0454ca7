/**
 * The floor with one thing more: a row of the gateway's access log for each request. What this costs
 * above the floor no gateway can do without that keeps such a log on the same core.
 */
import { systemClock } from "../../../src/pipeline/clock.ts";
import { AccessLog } from "../../../src/telemetry/access-log/access-log.ts";
import { createAccessLogWorker } from "../../../src/telemetry/access-log/create-worker.ts";

const { PORT = "8080", BACKEND = "http://127.0.0.1:9001", DATABASE = "rows.db" } = process.env;

const log = new AccessLog({
  database: DATABASE,
  maxAge: 0,
  maxSize: 0,
  maxQueued: 100_000,
  flushInterval: 200,
  batchSize: 500,
  clock: systemClock,
  report: (_level, message) => process.stderr.write(`${message}\n`),
  createWorker: createAccessLogWorker,
});

Bun.serve({
  port: Number(PORT),
  hostname: "127.0.0.1",
  development: false,
  reusePort: false,
  idleTimeout: 0,
  async fetch({ url, method, headers, body }) {
    const path = url.slice(url.indexOf("/", "http://".length));
    const timestamp = Date.now();
    const started = performance.now();
    const response = await fetch(BACKEND + path, {
      method,
      headers,
      body,
      redirect: "manual",
      decompress: false,
    });
    const latencyMs = performance.now() - started;
    log.write({
      timestamp,
      level: "info",
      message: "",
      method,
      path,
      query: "",
      host: "",
      statusCode: response.status,
      latencyMs,
      timeToFirstByteMs: latencyMs,
      clientIp: "127.0.0.1",
      userAgent: "",
      backend: BACKEND,
      route: "/*",
      requestId: crypto.randomUUID(),
      bytesIn: 0,
      bytesOut: 0,
      attempts: 1,
      errorCode: "",
      messagesIn: 0,
      messagesOut: 0,
    });
    return response;
  },
});
