import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { Store } from "../../../../src/telemetry/access-log/store.ts";
import { rollupTables } from "../../../../src/telemetry/rollups/tables.ts";
import { writeRollupHistory } from "../../../support/rollup-history.ts";
import { record, records, temporaryDirectory, UNLIMITED } from "../access-log/support.ts";

const at = temporaryDirectory();
const NOON = Date.UTC(2026, 10, 23, 12);
const DAY = 86_400_000;

/** How many rows of each step there are, and the oldest beginning as text. */
function stepsIn(path: string, table = "rollups"): Record<number, [rows: number, oldest: string]> {
  using db = new Database(path, { readonly: true });
  const found = db
    .query<{ step: number; rows: number; oldest: number }, []>(
      `SELECT step, count(*) AS rows, min(at) AS oldest FROM ${table} GROUP BY step`,
    )
    .all();
  return Object.fromEntries(
    found.map(({ step, rows, oldest }) => [
      step,
      [rows, new Date(oldest * 1_000).toISOString().slice(0, 16)],
    ]),
  );
}

function withHistory(path: string, days: number): void {
  Store.open(path, UNLIMITED).close();
  using db = new Database(path);
  writeRollupHistory(db, { to: NOON, days, routes: 2, requests: 2, clients: 3 });
}

const countIn = (path: string, table: string): number => {
  using db = new Database(path, { readonly: true });
  return db.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${table}`).get()?.n ?? -1;
};

test("rollups go when they are older than they are kept, and usage by the minute after hours", async () => {
  const path = at("log.db");
  withHistory(path, 4);
  const store = Store.open(path, { ...UNLIMITED, maxRollupAge: 2 * DAY });
  await store.retention(NOON);
  store.close();
  expect(stepsIn(path)).toEqual({
    60: [2 * 1_440 * 4, "2026-11-21T12:00"],
    3_600: [48 * 4, "2026-11-21T12:00"],
    86_400: [3 * 4, "2026-11-21T00:00"],
  });
  expect(stepsIn(path, "rollup_totals")[60]).toEqual([2 * 1_440 * 2, "2026-11-21T12:00"]);
  expect(stepsIn(path, "rollup_usage")[60]).toEqual([4 * 60 * 3, "2026-11-23T08:00"]);
  expect(countIn(path, "rollup_series")).toBe(4);
});

test("0 keeps rollups forever, and usage by the minute for hours all the same", async () => {
  const path = at("log.db");
  withHistory(path, 2);
  const before = stepsIn(path);
  const store = Store.open(path, UNLIMITED);
  await store.retention(NOON + DAY);
  store.close();
  expect(stepsIn(path)).toEqual(before);
  expect(stepsIn(path, "rollup_usage")[60]).toBeUndefined();
});

test("what has not been used for as long as rollups are kept is forgotten", async () => {
  const path = at("log.db");
  const store = Store.open(path, { ...UNLIMITED, maxRollupAge: 2 * DAY });
  store.append([record({ route: "/old", timestamp: NOON - 4 * DAY })]);
  store.append([record({ route: "/new", timestamp: NOON })]);
  await store.retention(NOON);
  store.close();
  using db = new Database(path, { readonly: true });
  expect(db.query("SELECT route FROM rollup_series").values()).toEqual([["/new"]]);
});

test("a file that is too large loses rows first, and a quarter of it stays for them", async () => {
  const path = at("log.db");
  withHistory(path, 3);
  const maxSize = 1_200_000;
  const store = Store.open(path, { ...UNLIMITED, maxSize });
  for (let batch = 0; batch < 10; batch += 1) store.append(records(1_000, { timestamp: NOON }));
  await store.retention(NOON);
  store.close();
  expect(Bun.file(path).size).toBeLessThanOrEqual(maxSize);
  const rows = countIn(path, "logs");
  expect(rows).toBeGreaterThan(0);
  expect(rows).toBeLessThan(2_000);
  // Of the rollups the oldest minutes have gone, and nothing else.
  const steps = stepsIn(path);
  expect(steps[60]?.[0]).toBeLessThan(3 * 1_440 * 4);
  expect(steps[60]?.[0]).toBeGreaterThan(0);
  expect(steps[3_600]?.[0]).toBeGreaterThanOrEqual(72 * 4);
});

test("a file within its limit keeps all rollups", async () => {
  const path = at("log.db");
  withHistory(path, 1);
  const before = stepsIn(path);
  const store = Store.open(path, { ...UNLIMITED, maxSize: 100_000_000 });
  await store.retention(NOON);
  store.close();
  expect(stepsIn(path)).toEqual(before);
});

/** A file as an older gateway left it: rows, and no rollups. */
function oldFile(path: string, count: number): void {
  const store = Store.open(path, UNLIMITED);
  for (let id = 0; id < count; id += 500) {
    store.append(
      records(500, { timestamp: NOON - (count - id) * 1_000, level: "error", statusCode: 502 }),
    );
  }
  store.close();
  using db = new Database(path);
  for (const table of Object.keys(rollupTables)) db.run(`DROP TABLE ${table}`);
}

test("the rows of an older gateway are summed up once, while new ones are written", async () => {
  const path = at("log.db");
  oldFile(path, 3_000);
  const store = Store.open(path, UNLIMITED);
  const done = store.retention(NOON);
  store.append([record({ timestamp: NOON })]);
  await done;
  await store.retention(NOON);
  store.close();
  using db = new Database(path, { readonly: true });
  expect(
    db
      .query(
        "SELECT class, sum(requests), sum(errors) FROM rollup_totals WHERE step = 86400 GROUP BY class",
      )
      .values(),
  ).toEqual([
    [2, 1, 0],
    [5, 3_000, 3_000],
  ]);
  expect(db.query("SELECT last_id FROM rollup_backfill").values()).toEqual([[0]]);
});

test("summing up goes on after a restart, and leaves out what is too old", async () => {
  const path = at("log.db");
  oldFile(path, 3_000);
  const limits = { ...UNLIMITED, maxRollupAge: 2_500_500 };
  const first = Store.open(path, limits);
  const interrupted = first.retention(NOON);
  first.close();
  await interrupted;
  const second = Store.open(path, limits);
  await second.retention(NOON);
  second.close();
  using db = new Database(path, { readonly: true });
  const sum = "SELECT sum(requests) FROM rollup_totals WHERE step = 86400";
  expect(db.query(sum).values()).toEqual([[2_500]]);
});
