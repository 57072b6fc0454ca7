import { afterEach, describe, expect, test } from "bun:test";
import type { ExchangeRecord } from "../../../../src/telemetry/record.ts";
import { record } from "../access-log/support.ts";
import { IndexedLog } from "./indexed-log.ts";

const open: IndexedLog[] = [];

afterEach(() => {
  for (const log of open.splice(0)) log.close();
});

function logOf(rowsPerBlock: number): IndexedLog {
  const log = new IndexedLog(rowsPerBlock);
  open.push(log);
  return log;
}

const rows = (count: number, changes: (at: number) => Partial<ExchangeRecord> = () => ({})) =>
  Array.from({ length: count }, (_, at) => record({ requestId: `${at}`, ...changes(at) }));

const parts = (log: IndexedLog): number =>
  log.db.query<{ count: number }, []>("SELECT count(*) AS count FROM search_parts").get()?.count ??
  0;

describe("the search index", () => {
  test("has a block for so many rows, and none for the newest", () => {
    const log = logOf(100);
    log.append(rows(250));
    expect(log.indexed).toBe(200);
    log.append(rows(50));
    expect(log.indexed).toBe(300);
  });

  test("goes on after a start where it was", () => {
    const log = logOf(100);
    log.append(rows(150));
    log.reopen();
    log.append(rows(50));
    expect(log.indexed).toBe(200);
    expect(log.find({ request_id: "149" })).toEqual([150]);
  });

  test("is made of the rows of another program and of an older gateway, too", () => {
    const log = logOf(100);
    log.insert(rows(950));
    log.append(rows(1));
    expect(log.indexed).toBe(0);
    log.maintain();
    expect(log.indexed).toBe(950);
    expect(log.find({ request_id: "777" })).toEqual([778]);
  });

  test("forgets what was deleted, and blocks that it cannot read", () => {
    const log = logOf(100);
    log.append(rows(500));
    log.db.run("DELETE FROM logs WHERE id <= 250");
    log.maintain();
    expect(log.indexed).toBe(300);
    log.db.run("UPDATE search_blocks SET format = 0 WHERE first = 301");
    log.maintain();
    expect(log.indexed).toBe(250);
    expect(log.find({ request_id: "333" })).toEqual([334]);
    log.db.run("DELETE FROM logs");
    log.maintain();
    expect([log.indexed, parts(log)]).toEqual([0, 0]);
  });

  test("finds ids that are used again", () => {
    const log = logOf(100);
    log.append(rows(200));
    log.db.run("DELETE FROM logs");
    log.append(rows(200, (at) => ({ route: "/new", requestId: `new-${at}` })));
    expect(log.find({ request_id: "new-150" })).toEqual([151]);
    expect(log.find({ route: "/new" })).toHaveLength(200);
  });

  test("tells apart columns with any number of values", () => {
    const log = logOf(1000);
    const values = { model: 1, backend: 20, host: 100, subject: 900 };
    log.append(
      rows(1000, (at) => ({
        model: "one",
        backend: `b${at % values.backend}`,
        host: `h${at % values.host}`,
        subject: `s${at % values.subject}`,
        path: `/p/${at % 300}`,
      })),
    );
    expect(log.find({ model: "one" })).toHaveLength(1000);
    expect(log.find({ model: "two" })).toEqual([]);
    expect(log.find({ backend: "b7" })).toHaveLength(50);
    expect(log.find({ host: "h7" })).toHaveLength(10);
    expect(log.find({ host: "h777" })).toEqual([]);
    expect(log.find({ subject: "s7" })).toEqual([908, 8]);
    expect(log.find({ subject: "s7", backend: "b8" })).toEqual([]);
    expect(log.find({ path: "/p/299" })).toEqual([900, 600, 300]);
    expect(log.find({ path: "*/29*" })).toHaveLength(34);
  });

  test("leaves paths to the table that are too long for it, or have line ends", () => {
    const log = logOf(100);
    log.append(rows(100, (at) => ({ path: `/${"x".repeat(8000)}/${at}` })));
    log.insert(rows(100, (at) => ({ path: `/line\n${at}` })));
    log.append(rows(1));
    log.maintain();
    expect(log.find({ path: "*/42" })).toEqual([43]);
    expect(log.find({ path: "/line\n42" })).toEqual([143]);
  });
});
