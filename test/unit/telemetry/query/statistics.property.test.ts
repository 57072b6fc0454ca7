import { expect, setDefaultTimeout, test } from "bun:test";
import {
  array,
  assert,
  constantFrom,
  integer,
  nat,
  property,
  record as recordOf,
} from "fast-check";
import { Store } from "../../../../src/telemetry/access-log/store.ts";
import { LogFile } from "../../../../src/telemetry/query/log-file.ts";
import { TEST_TIMEOUT_MS } from "../../../support/patience.ts";
import { record, temporaryDirectory, UNLIMITED } from "../access-log/support.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const at = temporaryDirectory();
const MINUTE = 60_000;
const DAY = 86_400_000;
const BEGIN = Date.UTC(2026, 8, 1);
/** Some months, with many beginnings of hours and days. */
const time = integer({ min: 0, max: 24 * 90 * 4 }).chain((quarter) =>
  integer({ min: -MINUTE, max: MINUTE }).map((off) => BEGIN + quarter * 15 * MINUTE + off),
);

const exchanges = array(
  recordOf({
    timestamp: time,
    route: constantFrom("/a", "/b", ""),
    backend: constantFrom("http://a", "http://b", ""),
    statusCode: constantFrom(200, 204, 404, 503),
    latencyMs: constantFrom(1, 10, 100),
    clientIp: constantFrom("192.0.2.1", "192.0.2.2"),
    bytesOut: integer({ min: 0, max: 1_000 }),
  }),
  { minLength: 1, maxLength: 60 },
);
const window = array(time, { minLength: 2, maxLength: 2 }).map((ends) => {
  const [from = 0, to = 0] = ends.toSorted((one, other) => one - other);
  return { from, to: to + 1 };
});

const windowsOfIt = array(window, { minLength: 1, maxLength: 8 });

test("sums of any window are those of the rows in its minutes, whatever steps they are read from", () => {
  let files = 0;
  assert(
    property(exchanges, windowsOfIt, nat(60), (all, windows, merged) => {
      const path = at(`log-${files++}.db`);
      // One part is merged, another is not yet.
      const rows = all.map((one) =>
        record({ ...one, level: one.statusCode > 499 ? "error" : "info" }),
      );
      const before = Store.open(path, UNLIMITED);
      before.append(rows.slice(0, merged));
      before.close();
      const store = Store.open(path, UNLIMITED);
      store.append(rows.slice(merged));
      const file = new LogFile(path);
      for (const { from, to } of windows) {
        const start = Math.floor(from / MINUTE) * MINUTE;
        const end = Math.ceil(to / MINUTE) * MINUTE;
        const inside = all.filter(({ timestamp }) => timestamp >= start && timestamp < end);
        const onA = inside.filter(({ route }) => route === "/a");

        const overview = file.ask("overview", { from, to });
        expect([Date.parse(overview.from), Date.parse(overview.to)]).toEqual([start, end]);
        expect(overview.totals).toMatchObject(sumsOf(inside));
        expect(sum(overview.series.map(({ requests }) => requests))).toBe(inside.length);
        expect(overview.series.length).toBeLessThanOrEqual(501);
        expect(sum(overview.classes.map(({ requests }) => requests))).toBe(inside.length);
        expect(file.ask("overview", { from, to, route: "/a" }).totals).toMatchObject(sumsOf(onA));

        const byRoute = file.ask("statistics", { by: "route", from, to });
        expect(byRoute.totals).toMatchObject(sumsOf(inside));
        const groupA = byRoute.groups.find(({ value }) => value === "/a");
        expect(groupA ?? { requests: 0 }).toMatchObject(
          onA.length === 0 ? { requests: 0 } : sumsOf(onA),
        );
        for (const { series, requests } of byRoute.groups) expect(sum(series)).toBe(requests);
      }
      file.close();
      store.close();
    }),
    { numRuns: 25 },
  );
});

test("a year is read as well as a minute", () => {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  store.append([record({ timestamp: BEGIN }), record({ timestamp: BEGIN + 400 * DAY })]);
  store.close();
  const file = new LogFile(path);
  const { series, step_seconds: step } = file.ask("overview", {
    from: BEGIN,
    to: BEGIN + 400 * DAY + 1,
  });
  expect([series.length, step]).toEqual([401, 86_400]);
  file.close();
});

test("some days of a route are read by hours, and their edges by minutes", () => {
  const path = at("route.db");
  const store = Store.open(path, UNLIMITED);
  const end = BEGIN + 7 * DAY;
  const route = "/a";
  store.append([60_000, DAY, 6 * DAY].map((at) => record({ timestamp: BEGIN + at, route })));
  store.close();
  const file = new LogFile(path);
  const {
    series,
    step_seconds: step,
    totals,
  } = file.ask("overview", {
    from: BEGIN,
    to: end,
    route,
  });
  expect([series.length, step, totals.requests]).toEqual([168, 3_600, 3]);
  file.close();
});

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

function sumsOf(rows: readonly { readonly statusCode: number; readonly bytesOut: number }[]) {
  return {
    requests: rows.length,
    errors: rows.filter(({ statusCode }) => statusCode > 499).length,
    bytes_out: sum(rows.map(({ bytesOut }) => bytesOut)),
  };
}
