import { describe, expect, test } from "bun:test";
import { Logger, type LoggerOptions } from "../../../src/telemetry/logger.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { record } from "./access-log/support.ts";
import { collectingWriter } from "./collecting-writer.ts";

const NOW = Date.UTC(2026, 10, 23, 15, 1, 26, 123);
const PLAIN: LoggerOptions = { level: "debug", format: "text", color: false };

function logging(options: Partial<LoggerOptions> = {}) {
  const clock = new FakeClock(NOW);
  const { writer, lines } = collectingWriter();
  const logger = new Logger({ ...PLAIN, ...options }, writer, clock);
  return { clock, logger, lines: () => lines };
}

const served = record({ latencyMs: 35.2 });

describe("the log as text", () => {
  test("has one line for an exchange, for people", () => {
    const { logger, lines } = logging();
    logger.exchange(served);
    expect(lines()).toEqual([
      "2026-11-23T15:01:26.123Z [INFO] GET /api/users/1 - 200 (35ms) - Backend: http://localhost:9001 - Client: 127.0.0.1 - Id: id-1",
    ]);
  });

  test("says what went wrong, with and without a backend", () => {
    const { logger, lines } = logging();
    const failed = record({
      level: "error",
      statusCode: 504,
      latencyMs: 29_999.6,
      errorCode: "backend_timeout",
      message: "no answer",
    });
    logger.exchange(failed);
    logger.exchange({ ...failed, level: "warn", statusCode: 404, backend: "", latencyMs: 0.4 });
    expect(lines()).toEqual([
      "2026-11-23T15:01:26.123Z [ERROR] GET /api/users/1 - 504 (30000ms) - Backend: http://localhost:9001 - Client: 127.0.0.1 - Id: id-1 - backend_timeout: no answer",
      "2026-11-23T15:01:26.123Z [WARN] GET /api/users/1 - 404 (0ms) - Client: 127.0.0.1 - Id: id-1 - backend_timeout: no answer",
    ]);
  });

  test("has messages followed by their fields", () => {
    const { logger, lines } = logging();
    logger.log("warn", "disk is nearly full", { free: 12, path: "/var", urgent: true });
    logger.log("debug", "plain");
    expect(lines()).toEqual([
      "2026-11-23T15:01:26.123Z [WARN] disk is nearly full free=12 path=/var urgent=true",
      "2026-11-23T15:01:26.123Z [DEBUG] plain",
    ]);
  });

  test("goes with the clock, over midnight and back too", () => {
    const { clock, logger, lines } = logging();
    logger.log("info", "a");
    clock.advance(876);
    logger.log("info", "b");
    clock.advance(1);
    logger.log("info", "c");
    clock.advance(9 * 3_600_000);
    logger.log("info", "d");
    expect(lines()).toEqual([
      "2026-11-23T15:01:26.123Z [INFO] a",
      "2026-11-23T15:01:26.999Z [INFO] b",
      "2026-11-23T15:01:27.000Z [INFO] c",
      "2026-11-24T00:01:27.000Z [INFO] d",
    ]);
  });

  test("colours levels on a terminal, and nothing else", () => {
    const { logger, lines } = logging({ color: true });
    for (const level of ["debug", "info", "warn", "error"] as const) logger.log(level, "x");
    logger.exchange(served);
    const stamp = "2026-11-23T15:01:26.123Z";
    expect(lines()).toEqual([
      `${stamp} \u001B[90m[DEBUG]\u001B[0m x`,
      `${stamp} \u001B[32m[INFO]\u001B[0m x`,
      `${stamp} \u001B[33m[WARN]\u001B[0m x`,
      `${stamp} \u001B[31m[ERROR]\u001B[0m x`,
      `${stamp} \u001B[32m[INFO]\u001B[0m GET /api/users/1 - 200 (35ms) - Backend: http://localhost:9001 - Client: 127.0.0.1 - Id: id-1`,
    ]);
  });
});

describe("the log as JSON", () => {
  const time = new Date(NOW).toISOString();

  test("has one object for an exchange", () => {
    const { logger, lines } = logging({ format: "json", color: true });
    logger.exchange(served);
    expect(lines().map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        time,
        level: "info",
        message: "GET /api/users/1 - 200",
        method: "GET",
        path: "/api/users/1",
        query: "?a=1",
        host: "localhost:8080",
        protocol: "HTTP/1.1",
        status_code: 200,
        latency_ms: 35.2,
        client_ip: "127.0.0.1",
        user_agent: "curl/8.0",
        backend: "http://localhost:9001",
        route: "/api/users/*",
        request_id: "id-1",
        bytes_in: 3,
        bytes_out: 90,
        attempts: 1,
        ttfb_ms: 0.988,
      },
    ]);
  });

  test("says what went wrong, and keeps latencies to the microsecond", () => {
    const { logger, lines } = logging({ format: "json" });
    logger.exchange(record({ errorCode: "backend_timeout", message: 'no "answer"\n' }));
    expect(JSON.parse(lines()[0] ?? "")).toMatchObject({
      error_code: "backend_timeout",
      error: 'no "answer"\n',
      latency_ms: 1.235,
    });
  });

  test("keeps a message on one line, whatever is in it", () => {
    const { logger, lines } = logging({ format: "json" });
    logger.log("error", "a\nb", { path: "/c\r\n" });
    expect(lines().map((line) => JSON.parse(line) as unknown)).toEqual([
      { time, level: "error", message: "a\nb", path: "/c\r\n" },
    ]);
  });
});

describe("the least level that is written", () => {
  const levels = ["debug", "info", "warn", "error"] as const;

  test.each(levels)("is %s, for messages and exchanges alike", (least) => {
    const { logger, lines } = logging({ level: least });
    for (const level of levels) logger.log(level, "message");
    for (const level of levels) logger.exchange(record({ level }));
    const written = levels.slice(levels.indexOf(least)).map((level) => level.toUpperCase());
    expect(lines().map((line) => /\[([A-Z]+)\]/.exec(line)?.[1])).toEqual([...written, ...written]);
  });
});
