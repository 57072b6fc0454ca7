import { Database } from "bun:sqlite";
import { expect, spyOn, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { Store } from "../../../../src/telemetry/access-log/store.ts";
import { records, record, rowsIn, temporaryDirectory, UNLIMITED, until } from "./support.ts";
import { batchOf, idsIn, writerStarter } from "./writing.ts";

const at = temporaryDirectory();
const start = writerStarter();

test("each batch is answered once it is in the database", () => {
  const path = at("log.db");
  const { writer, answers } = start(path);
  expect(answers).toEqual(["ready"]);
  writer.receive(batchOf(records(2)));
  expect(answers).toEqual(["ready", "written"]);
  expect(idsIn(path)).toEqual(["0", "1"]);
  writer.receive({ kind: "close" });
  expect(answers).toEqual(["ready", "written", "closed"]);
});

test("a database in a directory that comes later takes the rows that waited, after one report", () => {
  const path = at("later/log.db");
  const { writer, clock, reports, answers } = start(path);
  writer.receive(batchOf(records(2)));
  clock.advance(60_000);
  expect(answers).toEqual(["ready"]);
  expect(reports.all).toEqual([
    {
      level: "error",
      message:
        `access log: cannot write to ${path}, rows wait in memory: ` +
        "unable to open database file (SQLITE_CANTOPEN); does its folder exist, and may the gateway's user write to both?",
    },
  ]);

  mkdirSync(dirname(path));
  clock.advance(1_000);
  expect(answers).toEqual(["ready", "written"]);
  expect(reports.all.slice(1)).toEqual([
    { level: "info", message: `access log: writing to ${path} again` },
  ]);
  expect(idsIn(path)).toEqual(["0", "1"]);
});

test("a failure that turns into another one is reported again", () => {
  const path = at("later/log.db");
  const { clock, reports } = start(path);
  mkdirSync(dirname(path));
  {
    using db = new Database(path);
    db.run("PRAGMA user_version = 2");
  }
  clock.advance(5_000);
  expect(reports.all.map(({ message }) => message.replace(/.*: (?=unable|it was)/, ""))).toEqual([
    "unable to open database file (SQLITE_CANTOPEN); does its folder exist, and may the gateway's user write to both?",
    expect.stringContaining("it was written by a newer gateway"),
  ]);
});

test("a database of a newer gateway is reported and never written to", () => {
  const path = at("log.db");
  {
    using db = new Database(path);
    db.run("PRAGMA user_version = 2");
  }
  const { writer, clock, reports, answers } = start(path);
  writer.receive(batchOf([record()]));
  clock.advance(5_000);
  expect(answers).toEqual(["ready"]);
  expect(reports.all).toHaveLength(1);
  expect(reports.containing("written by a newer gateway")).toHaveLength(1);
});

test("a table that vanishes is made again", () => {
  const path = at("log.db");
  const { writer, clock, answers } = start(path);
  {
    using db = new Database(path);
    db.run("DROP TABLE logs");
    db.run("PRAGMA user_version = 0");
  }
  writer.receive(batchOf([record()]));
  clock.advance(1_000);
  expect(answers).toEqual(["ready", "written"]);
  expect(rowsIn(path)).toHaveLength(1);
});

test("rows that the database refuses do not stop those that come after", () => {
  const path = at("log.db");
  Store.open(path, UNLIMITED).close();
  {
    using db = new Database(path);
    db.run("CREATE UNIQUE INDEX once ON logs (request_id)");
  }
  const { writer, reports, answers } = start(path);
  for (const requestId of ["a", "a", "a", "b"]) writer.receive(batchOf([record({ requestId })]));
  expect(answers).toEqual(["ready", "written", "refused", "refused", "written"]);
  expect(idsIn(path)).toEqual(["a", "b"]);
  expect(reports.all.map(({ message }) => message)).toEqual([
    `access log: rows lost, ${path} rejects them: ` +
      "UNIQUE constraint failed: logs.request_id (SQLITE_CONSTRAINT_UNIQUE)",
    `access log: ${path} accepts rows again`,
  ]);
});

test("rows that cannot be understood are refused", () => {
  const { writer, reports, answers } = start(at("log.db"));
  writer.receive(batchOf([record({ timestamp: 1e20 })]));
  expect(answers).toEqual(["ready", "refused"]);
  expect(reports.containing("Invalid")).toHaveLength(1);
});

test("old rows go at the start and from then on every ten seconds", async () => {
  const path = at("log.db");
  const { writer, clock } = start(path, { maxAge: 60_000, maxRollupAge: 0, maxSize: 0 });
  const old = record({ timestamp: clock.wall() - 60_001, requestId: "old" });
  writer.receive(batchOf([old, record({ timestamp: clock.wall(), requestId: "new" })]));
  clock.advance(0);
  await until(() => idsIn(path).join() === "new");
  await until(() => clock.pending > 0);
  for (let seconds = 0; seconds <= 60; seconds += 10) {
    clock.advance(10_000);
    await until(() => clock.pending > 0);
  }
  await until(() => idsIn(path).length === 0);
});

test("a failing retention is reported once, and once more when it has recovered", async () => {
  const path = at("log.db");
  const { writer, clock, reports } = start(path, { maxAge: 60_000, maxRollupAge: 0, maxSize: 0 });
  using db = new Database(path);
  db.run("CREATE TRIGGER keep BEFORE DELETE ON logs BEGIN SELECT RAISE(ABORT, 'kept'); END");
  writer.receive(batchOf([record({ timestamp: 0 })]));
  for (let pass = 0; pass < 3; pass++) {
    clock.advance(10_000);
    await until(() => clock.pending > 0);
  }
  db.run("DROP TRIGGER keep");
  clock.advance(10_000);
  await reports.next("again");
  expect(reports.all.map(({ message }) => message)).toEqual([
    `access log: cannot delete old rows from ${path}: kept (SQLITE_CONSTRAINT_TRIGGER)`,
    `access log: deleting old rows from ${path} again`,
  ]);
});

test("a file that will not shrink is reported", () => {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  using opening = spyOn(Store, "open").mockReturnValue(
    Object.defineProperty(store, "shrinkable", { value: false }),
  );
  const { reports } = start(path);
  expect(opening).toHaveBeenCalledTimes(1);
  expect(reports.all).toEqual([
    {
      level: "warn",
      message: `access log: no room to rewrite ${path}; the file will not shrink when rows are deleted`,
    },
  ]);
});
