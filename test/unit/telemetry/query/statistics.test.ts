import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { DAY, HOUR, MINUTE } from "../../../../src/telemetry/rollups/steps.ts";
import { Store } from "../../../../src/telemetry/access-log/store.ts";
import { LogFile } from "../../../../src/telemetry/query/log-file.ts";
import {
  GROUPINGS,
  type StatisticsRequest,
} from "../../../../src/telemetry/query/statistics/statistics.ts";
import { align, pointStep } from "../../../../src/telemetry/query/statistics/window.ts";
import { record, records, temporaryDirectory, UNLIMITED } from "../access-log/support.ts";
import type { ExchangeRecord } from "../../../../src/telemetry/record.ts";

const at = temporaryDirectory();
const NOON = Date.UTC(2026, 10, 23, 12);

function fileWith(rows: readonly ExchangeRecord[]): LogFile {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  store.append(rows);
  store.close();
  return new LogFile(path);
}

/** By value, of the hour after noon. */
function requestsBy(
  file: LogFile,
  request: Omit<StatisticsRequest, "from" | "to">,
): Record<string, number> {
  const { groups } = file.ask("statistics", { from: NOON, to: NOON + HOUR * 1_000, ...request });
  return Object.fromEntries(groups.map(({ value, requests }) => [value, requests]));
}

test("a window is read by days inside, and by hours and minutes at its edges", () => {
  const known = { 60: 0, 3_600: 0, 86_400: 0 };
  const from = NOON - 90_000;
  const to = NOON + 2 * DAY * 1_000 + 1;
  const noon = NOON / 1_000;
  const midnight = noon + 12 * HOUR;
  expect(align({ from, to }, known, DAY).pieces).toEqual([
    { step: MINUTE, from: noon - 120, to: noon },
    { step: HOUR, from: noon, to: midnight },
    { step: DAY, from: midnight, to: midnight + DAY },
    { step: HOUR, from: midnight + DAY, to: noon + 2 * DAY },
    { step: MINUTE, from: noon + 2 * DAY, to: noon + 2 * DAY + 60 },
  ]);
  expect(align({ from, to }, known, 600).pieces).toEqual([
    { step: MINUTE, from: noon - 120, to: noon + 2 * DAY + 60 },
  ]);
});

test("where no minutes are kept a window grows to whole hours, and its points too", () => {
  const noon = NOON / 1_000;
  const known = { 60: noon, 3_600: noon - DAY, 86_400: noon - 30 * DAY };
  const to = NOON + 60_000;
  expect(align({ from: NOON - 5 * 60_000, to }, known, 60)).toMatchObject({
    from: noon - HOUR,
    to: noon + 60,
    step: HOUR,
  });
  expect(align({ from: NOON - 2 * DAY * 1_000, to }, known, HOUR)).toMatchObject({
    from: noon - 2 * DAY - 12 * HOUR,
    step: DAY,
  });
});

test("points are as many as can be shown, of steps that people count in", () => {
  const steps = [15 * MINUTE, 7 * HOUR, 2 * DAY, 7 * DAY, 90 * DAY, 3_650 * DAY].map((seconds) =>
    pointStep({ from: 0, to: seconds * 1_000 }, 500),
  );
  expect(steps).toEqual([MINUTE, MINUTE, 10 * MINUTE, 30 * MINUTE, 6 * HOUR, 14 * DAY]);
});

test("exchanges are grouped by route, backend, upstream and class of status", () => {
  const file = fileWith([
    ...records(3, { timestamp: NOON, route: "/a", backend: "http://a", upstream: "pool" }),
    record({ timestamp: NOON, route: "/b", backend: "http://a", statusCode: 503, level: "error" }),
    record({ timestamp: NOON, route: "", backend: "", statusCode: 404 }),
  ]);
  expect(requestsBy(file, { by: "route" })).toEqual({ "/a": 3, "/b": 1, "(none)": 1 });
  expect(requestsBy(file, { by: "backend" })).toEqual({ "http://a": 4, "(none)": 1 });
  expect(requestsBy(file, { by: "upstream" })).toEqual({ pool: 3, "(none)": 2 });
  expect(requestsBy(file, { by: "status" })).toEqual({ "2xx": 3, "4xx": 1, "5xx": 1 });
  expect(requestsBy(file, { by: "status", backend: "http://a" })).toEqual({ "2xx": 3, "5xx": 1 });
  expect(requestsBy(file, { by: "backend", route: "/a" })).toEqual({ "http://a": 3 });
  expect(requestsBy(file, { by: "route", backend: "none" })).toEqual({ "(none)": 1 });
  file.close();
});

test("exchanges are grouped by client, subject, key, model, policy and error", () => {
  const file = fileWith([
    record({ timestamp: NOON, subject: "ada", provider: "keys", model: "m", tokensOut: 5 }),
    record({ timestamp: NOON, subject: "ada", provider: "corp" }),
    record({ timestamp: NOON, subject: "a/b", provider: "corp", clientIp: "::1" }),
    record({ timestamp: NOON, refusedBy: "cors", errorCode: "origin_not_allowed" }),
  ]);
  expect(requestsBy(file, { by: "client" })).toEqual({ "127.0.0.1": 3, "::1": 1 });
  expect(requestsBy(file, { by: "subject" })).toEqual({ ada: 2, "a/b": 1 });
  expect(requestsBy(file, { by: "key" })).toEqual({ "keys/ada": 1, "corp/ada": 1, "corp/a/b": 1 });
  expect(requestsBy(file, { by: "key", providers: ["keys"] })).toEqual({ "keys/ada": 1 });
  expect(requestsBy(file, { by: "model" })).toEqual({ m: 1 });
  expect(requestsBy(file, { by: "refused_by" })).toEqual({ cors: 1 });
  expect(requestsBy(file, { by: "error" })).toEqual({ origin_not_allowed: 1 });
  expect(() => requestsBy(file, { by: "client", route: "/a" })).toThrow(
    "sums by client are not kept for each route: leave route out",
  );
  file.close();
});

test("groups beyond the limit are one, the last", () => {
  const file = fileWith(
    ["a", "b", "b", "c", "c", "c", "d"].map((route) => record({ timestamp: NOON, route })),
  );
  const { groups, totals } = file.ask("statistics", {
    by: "route",
    from: NOON,
    to: NOON + 1,
    limit: 1,
  });
  expect(groups.map(({ value, requests }) => [value, requests])).toEqual([
    ["c", 3],
    ["(others)", 4],
  ]);
  expect(totals.requests).toBe(7);
  file.close();
});

test("percentiles, rates and a series are those of the group", () => {
  const file = fileWith([
    ...Array.from({ length: 100 }, (_, index) =>
      record({ timestamp: NOON + index * 30_000, route: "/a", latencyMs: index + 1 }),
    ),
    record({ timestamp: NOON, route: "/a", level: "error", statusCode: 502, latencyMs: 50 }),
  ]);
  const { groups } = file.ask("statistics", { by: "route", from: NOON, to: NOON + 3_600_000 });
  const [group] = groups;
  expect(group?.p50_ms).toBeWithin(49, 52);
  expect(group?.p99_ms).toBeWithin(96, 102);
  expect(group?.error_rate).toBeCloseTo(1 / 101);
  expect(group?.series).toHaveLength(60);
  expect(group?.series.slice(0, 2)).toEqual([3, 2]);
  expect(group?.series.at(-1)).toBe(0);
  file.close();
});

test("when each route, upstream, backend and subject was last used is known, and how much", () => {
  const file = fileWith([
    record({ timestamp: NOON, route: "/a", backend: "http://a", subject: "ada", provider: "keys" }),
    record({ timestamp: NOON + 5, route: "/a", backend: "http://b", upstream: "pool" }),
    record({ timestamp: NOON + 9, route: "", backend: "" }),
  ]);
  const at = (offset: number) => new Date(NOON + offset).toISOString();
  const { routes, upstreams, backends, subjects } = file.ask("lastUsed", {});
  const use = { first_used_at: at(0), requests: 1 };
  expect(routes).toEqual([{ route: "/a", ...use, last_used_at: at(5), requests: 2 }]);
  expect(upstreams).toEqual([{ upstream: "pool", ...use, last_used_at: at(5) }]);
  expect(backends).toEqual([
    { route: "/a", upstream: "", backend: "http://a", ...use, last_used_at: at(0) },
    { route: "/a", upstream: "pool", backend: "http://b", ...use, last_used_at: at(5) },
  ]);
  expect(subjects).toEqual([
    {
      provider: "keys",
      subject: "ada",
      first_used_at: "2026-11-23T00:00:00.000Z",
      last_used_at: at(0),
      requests: 1,
    },
  ]);
  file.close();
});

test("statistics are the same before sums of batches are merged, and afterwards", async () => {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  const changes = { subject: "ada", provider: "keys", model: "m", tokensOut: 5 };
  store.append(records(3, { timestamp: NOON, route: "/a", backend: "http://a", ...changes }));
  await store.retention(NOON);
  const later = { timestamp: NOON + 5_000_000, latencyMs: 300, ...changes };
  store.append([
    ...records(3, { ...later, route: "/a", backend: "http://a", clientIp: "::1" }),
    record({ ...later, route: "/new", backend: "http://b", upstream: "pool", subject: "bob" }),
    record({ ...later, statusCode: 429, refusedBy: "rate_limit", errorCode: "rate_limited" }),
  ]);
  const answers = () => {
    const file = new LogFile(path);
    const window = { from: NOON, to: NOON + DAY * 1_000 };
    const all = [
      file.ask("extent", {}),
      file.ask("lastUsed", {}),
      file.ask("overview", window),
      file.ask("overview", { ...window, route: "/new" }),
      file.ask("overview", { ...window, backend: "http://a" }),
      ...GROUPINGS.map((by) => file.ask("statistics", { by, ...window })),
      file.ask("statistics", { by: "client", ...window, limit: 1 }),
    ];
    file.close();
    return all;
  };
  const before = answers();
  expect(before[2]).toMatchObject({ totals: { requests: 8 } });
  expect(before[3]).toMatchObject({ totals: { requests: 1 } });
  await store.retention(NOON);
  expect(answers()).toEqual(before);
  store.close();
  expect(answers()).toEqual(before);
});

test("a file knows from when to when it has statistics", () => {
  const empty = fileWith([]);
  expect(empty.ask("extent", {})).toBeNull();
  empty.close();
  const file = fileWith([record({ timestamp: NOON + 5 }), record({ timestamp: NOON + 90_000 })]);
  expect(file.ask("extent", {})).toEqual({
    from: "2026-11-23T12:00:00.000Z",
    to: "2026-11-23T12:01:30.000Z",
  });
  file.close();
});

test("an older gateway's file says that it has no statistics", () => {
  const path = at("old.db");
  {
    using db = new Database(path);
    db.run("CREATE TABLE logs (id INTEGER PRIMARY KEY)");
  }
  const file = new LogFile(path);
  expect(() => file.ask("overview", { from: 0, to: NOON })).toThrow("has no statistics");
  file.close();
});
