import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { statSync } from "node:fs";
import type { ExchangeRecord } from "../../../../src/telemetry/record.ts";
import { retention } from "../../../../src/telemetry/access-log/retention.ts";
import { Store } from "../../../../src/telemetry/access-log/store.ts";
import { records, record, rowsIn, temporaryDirectory, UNLIMITED } from "./support.ts";

const at = temporaryDirectory();
const NOW = Date.UTC(2026, 10, 23);
const HOUR = 3_600_000;

function filled(path: string, limits: typeof UNLIMITED, rows: ExchangeRecord[]): Store {
  const store = Store.open(path, limits);
  store.append(rows);
  return store;
}

const sizeOf = (path: string): number =>
  ["", "-wal", "-shm"].reduce(
    (sum, end) => sum + (statSync(path + end, { throwIfNoEntry: false })?.size ?? 0),
    0,
  );

test("rows beyond the age limit go, the others stay, and the file shrinks", async () => {
  const path = at("log.db");
  const store = filled(path, { maxAge: HOUR, maxRollupAge: 0, maxSize: 0 }, [
    ...records(5000, { timestamp: NOW - HOUR - 1 }),
    record({ timestamp: NOW - HOUR, requestId: "just in time" }),
    record({ timestamp: NOW, requestId: "new" }),
  ]);
  const before = sizeOf(path);
  await store.retention(NOW);
  expect(sizeOf(path)).toBeLessThan(before / 10);
  expect(rowsIn(path).map((row) => row["request_id"])).toEqual(["just in time", "new"]);
  store.close();
});

test("the oldest rows go until the files are below the size limit", async () => {
  const path = at("log.db");
  const maxSize = 600_000;
  const store = filled(
    path,
    { maxAge: 0, maxRollupAge: 0, maxSize },
    records(5000, { timestamp: NOW }),
  );
  expect(sizeOf(path)).toBeGreaterThan(maxSize);
  await store.retention(NOW);
  expect(sizeOf(path)).toBeLessThanOrEqual(maxSize);

  const kept = rowsIn(path);
  expect(kept.at(-1)?.["request_id"]).toBe("4999");
  expect(kept[0]?.["request_id"]).toBe(String(5000 - kept.length));
  store.close();
});

test("a limit that no row fits in leaves an empty log", async () => {
  const path = at("log.db");
  const store = filled(path, { maxAge: 0, maxRollupAge: 0, maxSize: 1 }, records(10));
  await store.retention(NOW);
  expect(rowsIn(path)).toEqual([]);
  store.close();
});

test("a log that is too large only by its WAL keeps its rows", async () => {
  const path = at("log.db");
  const maxSize = 1_000_000;
  const store = Store.open(path, { maxAge: 0, maxRollupAge: 0, maxSize });
  for (const one of records(500)) store.append([one]);
  expect(sizeOf(path)).toBeGreaterThan(maxSize);
  await store.retention(NOW);
  expect(sizeOf(path)).toBeLessThan(maxSize);
  expect(rowsIn(path)).toHaveLength(500);
  store.close();
});

test("limits of zero keep everything", async () => {
  const path = at("log.db");
  const store = filled(path, UNLIMITED, records(3000, { timestamp: 0 }));
  await store.retention(NOW);
  expect(rowsIn(path)).toHaveLength(3000);
  store.close();
});

test("rows are written between the steps of a long retention", async () => {
  const path = at("log.db");
  const store = filled(
    path,
    { maxAge: HOUR, maxRollupAge: 0, maxSize: 0 },
    records(5000, { timestamp: 0 }),
  );
  let ended = false;
  const pruning = store.retention(NOW).finally(() => {
    ended = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  store.append([record({ timestamp: NOW, requestId: "meanwhile" })]);
  expect(ended).toBe(false);
  await pruning;
  expect(rowsIn(path).map((row) => row["request_id"])).toEqual(["meanwhile"]);
  store.close();
});

test("closing ends a retention that is under way", async () => {
  const path = at("log.db");
  const store = filled(
    path,
    { maxAge: HOUR, maxRollupAge: 0, maxSize: 0 },
    records(5000, { timestamp: 0 }),
  );
  const pruning = store.retention(NOW);
  store.close();
  await pruning;
  expect(rowsIn(path)).toHaveLength(4000);
});

test("a file that could not be made to shrink still loses its old rows", async () => {
  const path = at("log.db");
  filled(path, UNLIMITED, records(3000, { timestamp: 0 })).close();
  {
    using db = new Database(path);
    db.run("PRAGMA auto_vacuum = NONE");
    db.run("VACUUM");
  }
  using db = new Database(path);
  const before = statSync(path).size;
  Array.from(retention(db, path, { maxAge: HOUR, maxRollupAge: 0, maxSize: 0 }, NOW));
  expect(rowsIn(path)).toEqual([]);
  expect(statSync(path).size).toBe(before);
});

test("a limit that is far below the file's size leaves as many rows as fit", async () => {
  const path = at("log.db");
  const written = Store.open(path, { maxAge: 0, maxRollupAge: 0, maxSize: 0 });
  const different = (at: number) =>
    record({ timestamp: NOW, path: `/${at}`, requestId: `${at}`, traceId: `${at}`, latencyMs: at });
  for (let from = 0; from < 24_000; from += 1_000) {
    written.append(Array.from({ length: 1_000 }, (_, at) => different(from + at)));
  }
  written.close();
  const maxSize = 600_000;
  const store = Store.open(path, { maxAge: 0, maxRollupAge: 0, maxSize });
  await store.retention(NOW);
  expect(sizeOf(path)).toBeLessThanOrEqual(maxSize);
  expect(rowsIn(path).length).toBeGreaterThan(500);
  store.close();
});
