import { expect, test } from "bun:test";
import { useOf } from "../../../src/server/admin/api/use.ts";
import { Store } from "../../../src/telemetry/access-log/store.ts";
import { LogFile, queriesOf } from "../../../src/telemetry/query/log-file.ts";
import { record, records, temporaryDirectory, UNLIMITED } from "../telemetry/access-log/support.ts";

const at = temporaryDirectory();
const NOON = Date.UTC(2026, 10, 23, 12);
const url = "http://a";

test("a backend's figures are those of its URL in its route and upstream, not of the URL on all routes", async () => {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  store.append([
    ...records(3, { timestamp: NOON, route: "/a", backend: url, upstream: "stable" }),
    record({ timestamp: NOON + 1_000, route: "/a", backend: url, upstream: "canary" }),
    ...records(2, {
      timestamp: NOON + 2_000,
      route: "/b",
      backend: url,
      upstream: "",
      statusCode: 503,
      level: "error",
    }),
  ]);
  store.close();
  const log = new LogFile(path);
  const use = await useOf(queriesOf(log), { since: "10m" }, NOON + 60_000);
  log.close();
  const places = [
    { route: "/a", upstream: "stable", url },
    { route: "/a", upstream: "canary", url },
    { route: "/b", upstream: "of route /b", url },
    { route: "/c", upstream: "stable", url },
  ];
  expect(
    places.map((place) => {
      const { requests, error_rate: errorRate } = use.ofBackend(place);
      return [requests, errorRate, use.backendUsedAt(place)];
    }),
  ).toEqual([
    [3, 0, "2026-11-23T12:00:00.000Z"],
    [1, 0, "2026-11-23T12:00:01.000Z"],
    [2, 1, "2026-11-23T12:00:02.000Z"],
    [0, 0, null],
  ]);
});
