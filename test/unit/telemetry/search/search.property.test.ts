import { expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import type { Row } from "../../../../src/telemetry/query/row.ts";
import type { ExchangeRecord } from "../../../../src/telemetry/record.ts";
import { exchangeRecord } from "../../../support/exchange-record.ts";
import { TEST_TIMEOUT_MS } from "../../../support/patience.ts";
import { IndexedLog } from "./indexed-log.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const START = Date.UTC(2026, 10, 23);

const record: fc.Arbitrary<ExchangeRecord> = fc
  .record({
    timestamp: fc.integer({ min: START, max: START + 100_000 }),
    statusCode: fc.constantFrom(200, 200, 200, 404, 429, 500, 503),
    latencyMs: fc.constantFrom(0, 0.001, 1, 199.999, 200, 200.001, 5000),
    method: fc.constantFrom("GET", "POST"),
    route: fc.constantFrom("", "/users/*", "/a"),
    host: fc.constantFrom("a.test", "a.test:8443", "b.test", ""),
    path: fc.constantFrom("/", "/users/1", "/users/2", "/users/1/orders", "/ü", "/a*b", "/x\\\\n"),
    clientIp: fc.integer({ min: 0, max: 300 }).map((last) => `10.0.0.${last}`),
    subject: fc.constantFrom("", "ann", "bob"),
    errorCode: fc.constantFrom("", "rate_limited" as const, "backend_timeout" as const),
    requestId: fc.integer({ min: 0, max: 400 }).map(String),
    model: fc.constantFrom("", "", "m1"),
  })
  .map((changes) => exchangeRecord(changes));

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ append: fc.array(record, { maxLength: 20 }) }) },
  fc.record({ undo: fc.array(record, { minLength: 1, maxLength: 20 }) }),
  fc.record({ foreign: fc.array(record, { minLength: 1, maxLength: 12 }) }),
  fc.record({ deleteOldest: fc.nat(15) }),
  fc.record({ deleteNewest: fc.nat(15) }),
  fc.record({ deleteEvery: fc.integer({ min: 2, max: 5 }) }),
  fc.constant({ reopen: true } as const),
  fc.constant({ maintain: true } as const),
);

const filters = fc.record(
  {
    status: fc.constantFrom("200", "4xx", ">=500", "404,503", "201", "<400"),
    duration: fc.constantFrom(">200ms", ">=200ms", "<1ms", "<=200ms,>1ms", ">1m"),
    method: fc.constantFrom("get", "POST", "PUT"),
    host: fc.constantFrom("a.test", "a.test:8443", "none", "any", "c.test"),
    path: fc.constantFrom(
      "/",
      "/users/*",
      "*/orders",
      "/*/1*",
      "/users/1",
      "/ü",
      "*n",
      "/none",
      "*",
    ),
    client: fc.constantFrom("10.0.0.1", "10.0.0.77", "10.9.9.9"),
    subject: fc.constantFrom("ann", "any", "none", "eve"),
    route: fc.constantFrom("/a", "none"),
    error: fc.constantFrom("any", "none", "rate_limited", "backend_timeout,rate_limited"),
    request_id: fc.integer({ min: 0, max: 410 }).map(String),
    model: fc.constantFrom("m1", "any", "none"),
    since: fc.constantFrom("2026-11-23T00:00:20Z", "2026-11-23T00:00:45.678Z"),
    until: fc.constantFrom("2026-11-23T00:00:50Z", "2026-11-23T00:01:10.001Z"),
  },
  { requiredKeys: [] },
);

test("a search finds each row that is meant once, whatever is indexed, deleted and written meanwhile", () => {
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 14 }),
      fc.array(filters, { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 7 }),
      (steps, searches, limit) => {
        const log = new IndexedLog(8);
        try {
          for (const one of steps) take(log, one);
          const rows = log.rows();
          for (const search of searches) {
            const texts = search as Record<string, string>;
            const meant = rows.filter((row) => isMeant(row, texts)).map(({ id }) => id);
            expect(log.find(texts)).toEqual(meant);
            expect(log.find(texts, limit)).toEqual(meant);
            expect(log.find(texts, limit, 0)).toEqual(meant);
          }
        } finally {
          log.close();
        }
      },
    ),
    { numRuns: 60 },
  );
});

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

function take(log: IndexedLog, one: Step): void {
  if ("append" in one) log.append(one.append);
  else if ("undo" in one) log.append(one.undo, true);
  else if ("foreign" in one) log.insert(one.foreign);
  else if ("reopen" in one) log.reopen();
  else if ("maintain" in one) log.maintain();
  else if ("deleteOldest" in one) {
    log.db.run("DELETE FROM logs WHERE id IN (SELECT id FROM logs ORDER BY id LIMIT ?)", [
      one.deleteOldest,
    ]);
  } else if ("deleteNewest" in one) {
    log.db.run("DELETE FROM logs WHERE id IN (SELECT id FROM logs ORDER BY id DESC LIMIT ?)", [
      one.deleteNewest,
    ]);
  } else log.db.run("DELETE FROM logs WHERE id % ? = 0", [one.deleteEvery]);
}

/** What the filters mean, said once more in another way. */
function isMeant(row: Row, texts: Record<string, string>): boolean {
  return Object.entries(texts).every(([name, text]) => {
    const time = Date.parse(String(row["timestamp"]));
    switch (name) {
      case "status":
        return STATUS[text]?.(Number(row["status_code"]));
      case "duration":
        return DURATION[text]?.(Number(row["latency_ms"]));
      case "method":
        return row["method"] === text.toUpperCase();
      case "path":
        return pattern(text).test(String(row["path"]));
      case "host":
        return text === "a.test"
          ? String(row["host"]).startsWith("a.test")
          : isText(row["host"], text);
      case "client":
        return row["client_ip"] === text;
      case "since":
        return time >= Date.parse(text);
      case "until":
        return time < Date.parse(text);
      case "error":
        return text.split(",").some((code) => isText(row["error_code"], code));
      default:
        return isText(row[name], text);
    }
  });
}

function isText(value: unknown, text: string): boolean {
  if (text === "any") return value !== null && value !== "";
  return text === "none" ? value === null || value === "" : value === text;
}

const pattern = (glob: string) =>
  new RegExp(
    `^${glob.replace(/[.\\^$+?()[\]{}|]/g, String.raw`\$&`).replaceAll("*", "[^]*")}$`,
    "u",
  );

const STATUS: Readonly<Record<string, (status: number) => boolean>> = {
  "200": (status) => status === 200,
  "4xx": (status) => status >= 400 && status < 500,
  ">=500": (status) => status >= 500,
  "404,503": (status) => status === 404 || status === 503,
  "201": (status) => status === 201,
  "<400": (status) => status < 400,
};

const DURATION: Readonly<Record<string, (ms: number) => boolean>> = {
  ">200ms": (ms) => ms > 200,
  ">=200ms": (ms) => ms >= 200,
  "<1ms": (ms) => ms < 1,
  "<=200ms,>1ms": (ms) => ms <= 200 && ms > 1,
  ">1m": (ms) => ms > 60_000,
};
