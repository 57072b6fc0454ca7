import { Database } from "bun:sqlite";
import { afterEach, expect, test } from "bun:test";
import { existsSync, mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { systemClock } from "../../../../src/time/clock.ts";
import { AccessLog } from "../../../../src/telemetry/access-log/access-log.ts";
import type { AccessLogOptions } from "../../../../src/telemetry/access-log/access-log.ts";
import { createAccessLogWorker } from "../../../../src/telemetry/access-log/create-worker.ts";
import { records, record, Reports, rowsIn, temporaryDirectory, until } from "./support.ts";

const LONG = 60_000;
const at = temporaryDirectory();
const open: AccessLog[] = [];
afterEach(async () => {
  for (const log of open.splice(0)) await log.close(0);
});

function start(database: string, changes: Partial<AccessLogOptions> = {}) {
  const reports = new Reports();
  const log = new AccessLog({
    database,
    maxAge: 0,
    maxRollupAge: 0,
    maxSize: 0,
    maxQueuedBytes: 16 * 2 ** 20,
    flushInterval: 5,
    batchSize: 100,
    clock: systemClock,
    createWorker: createAccessLogWorker,
    report: reports.add,
    ...changes,
  });
  open.push(log);
  return { log, reports };
}

function writeAll(log: AccessLog, count: number): void {
  for (const one of records(count)) log.write(one);
}

const written = (log: AccessLog, rows: number) => until(() => log.counts().written === rows);

test("a closed log holds every row, in order, in one file", async () => {
  const path = at("log.db");
  const { log, reports } = start(path);
  writeAll(log, 1234);
  expect(log.counts()).toEqual({ written: 0, queued: 1234, dropped: 0 });
  await log.close(LONG);
  expect(log.counts()).toEqual({ written: 1234, queued: 0, dropped: 0 });
  expect(existsSync(`${path}-wal`)).toBe(false);
  expect(rowsIn(path).map((row) => row["request_id"])).toEqual(
    records(1234).map(({ requestId }) => requestId),
  );
  expect(reports.all).toEqual([]);
});

test("a single row reaches the database without another one to push it", async () => {
  const path = at("log.db");
  const { log } = start(path);
  log.write(record());
  await written(log, 1);
  expect(rowsIn(path)).toHaveLength(1);
  log.write(record());
  await written(log, 2);
});

test("a full batch does not wait for the flush", async () => {
  const { log } = start(at("log.db"), { flushInterval: LONG });
  writeAll(log, 101);
  await written(log, 100);
  expect(log.counts().queued).toBe(1);
});

test("a row after a batch that waits for its turn is flushed too", async () => {
  const { log } = start(at("log.db"), { batchSize: 5 });
  log.write(record({ path: `/${"a".repeat(5 * 1024)}` }));
  log.write(record());
  await written(log, 2);
});

test("a log can be read while it is written", async () => {
  const path = at("log.db");
  const { log } = start(path);
  writeAll(log, 500);
  await written(log, 500);
  using reader = new Database(path, { readonly: true });
  const count = reader.query<{ rows: number }, []>("SELECT count(*) AS rows FROM logs");
  reader.run("BEGIN");
  expect(count.get()).toEqual({ rows: 500 });
  writeAll(log, 500);
  await written(log, 1000);
  expect(count.get()).toEqual({ rows: 500 });
  reader.run("COMMIT");
  expect(count.get()).toEqual({ rows: 1000 });
});

test("a locked database delays rows and loses none, with one report", async () => {
  const path = at("log.db");
  const { log, reports } = start(path);
  writeAll(log, 1);
  await written(log, 1);

  using other = new Database(path);
  other.run("PRAGMA busy_timeout = 5000");
  other.run("BEGIN EXCLUSIVE");
  writeAll(log, 1000);
  await reports.next("database is locked");
  expect(log.counts()).toEqual({ written: 1, queued: 1000, dropped: 0 });
  other.run("COMMIT");
  await reports.next("again");
  await log.close(LONG);
  expect(rowsIn(path)).toHaveLength(1001);
  expect(reports.all).toEqual([
    {
      level: "error",
      message: `access log: cannot write to ${path}, rows wait in memory: database is locked (SQLITE_BUSY)`,
    },
    { level: "info", message: `access log: writing to ${path} again` },
  ]);
});

test("rows beyond the bound are dropped, counted and reported while the database cannot be opened", async () => {
  const path = at("later/log.db");
  const { log, reports } = start(path, { maxQueuedBytes: 100_000 });
  await reports.next("unable to open database file");
  writeAll(log, 1000);
  const { queued, dropped } = log.counts();
  expect(queued).toBeGreaterThan(100);
  expect(queued + dropped).toBe(1000);
  await reports.next("dropped");
  expect(reports.containing(`${dropped} rows dropped`)).toHaveLength(1);

  mkdirSync(dirname(path));
  await log.close(LONG);
  expect(log.counts()).toEqual({ written: queued, queued: 0, dropped });
  expect(rowsIn(path)).toHaveLength(queued);
  expect(reports.containing("unable to open")).toHaveLength(1);
});

test("closing ends at its deadline and reports lost rows", async () => {
  const { log, reports } = start(at("nowhere/log.db"));
  writeAll(log, 300);
  await reports.next("unable to open");
  await log.close(20);
  expect(log.counts()).toEqual({ written: 0, queued: 0, dropped: 300 });
  expect(reports.all.at(-1)).toEqual({
    level: "error",
    message: "access log: 300 rows lost, not written before the deadline",
  });
});

test("rows that come after closing are dropped and counted", async () => {
  const path = at("log.db");
  const { log } = start(path);
  log.write(record());
  const closing = log.close(LONG);
  log.write(record());
  expect(log.close(LONG)).toBe(closing);
  await closing;
  log.write(record());
  expect(log.counts()).toEqual({ written: 1, queued: 0, dropped: 2 });
  expect(rowsIn(path)).toHaveLength(1);
});

test("rows that the database refuses count as dropped", async () => {
  const { log, reports } = start(at("log.db"));
  log.write(record({ timestamp: 1e20 }));
  await reports.next("rejects them");
  await until(() => log.counts().dropped === 1);
  log.write(record());
  await log.close(LONG);
  expect(log.counts()).toEqual({ written: 1, queued: 0, dropped: 1 });
});

const workerOf = (source: string): Worker =>
  new Worker(URL.createObjectURL(new Blob([source], { type: "application/javascript" })));

test("a worker that dies takes one batch with it; its successor writes the rest", async () => {
  const path = at("log.db");
  const dying = `onmessage = ({ data }) => {
    if (data.kind === "batch") throw new Error("boom");
    postMessage({ kind: "ready" });
  }`;
  let workers = 0;
  const createWorker = () => (workers++ === 0 ? workerOf(dying) : createAccessLogWorker());
  const { log, reports } = start(path, { createWorker });
  writeAll(log, 250);
  await reports.next("died");
  await log.close(LONG);
  expect(log.counts()).toEqual({ written: 150, queued: 0, dropped: 100 });
  expect(rowsIn(path)[0]?.["request_id"]).toBe("100");
  expect(reports.all).toEqual([
    {
      level: "error",
      message: "access log: its worker died (error: boom), 100 rows lost; another starts in 100 ms",
    },
  ]);
});

test("a worker that cannot start costs no rows", async () => {
  let workers = 0;
  const { log, reports } = start(at("log.db"), {
    createWorker: () =>
      workers++ === 0 ? new Worker("file:///no/such/worker.ts") : createAccessLogWorker(),
  });
  writeAll(log, 250);
  await reports.next("died");
  expect(reports.containing(", 0 rows lost")).toHaveLength(1);
  await log.close(LONG);
  expect(log.counts()).toEqual({ written: 250, queued: 0, dropped: 0 });
});

test("a worker that ends without an error is replaced", async () => {
  let workers = 0;
  const { log, reports } = start(at("log.db"), {
    createWorker: () =>
      workers++ === 0 ? workerOf("onmessage = () => process.exit(0)") : createAccessLogWorker(),
  });
  await reports.next("it exited");
  log.write(record());
  await written(log, 1);
});
