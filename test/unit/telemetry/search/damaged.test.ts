import { afterEach, expect, test } from "bun:test";
import { record } from "../access-log/support.ts";
import { IndexedLog } from "./indexed-log.ts";

const open: IndexedLog[] = [];

afterEach(() => {
  for (const log of open.splice(0)) log.close();
});

/** Rows with gaps between their ids, all of them in blocks. */
function writtenLog(): IndexedLog {
  const log = new IndexedLog(100);
  open.push(log);
  log.insert(
    Array.from({ length: 600 }, (_, at) =>
      record({
        path: `/p/${at % 70}`,
        statusCode: 200 + (at % 7),
        subject: at % 5 === 0 ? `s${at % 9}` : "",
        latencyMs: at,
        host: `h${at % 40}.example`,
      }),
    ),
  );
  log.db.run("DELETE FROM logs WHERE id % 11 = 0");
  log.maintain();
  return log;
}

/** The blobs of a table, each as `damage` leaves it. */
function damage(log: IndexedLog, table: "blocks" | "parts", by: (data: Uint8Array) => unknown) {
  const [key, column] = table === "blocks" ? ["first", "summary"] : ["id", "data"];
  const all = log.db.query<{ id: number; data: Uint8Array }, []>(
    `SELECT ${key} AS id, ${column} AS data FROM search_${table}`,
  );
  const write = log.db.query(`UPDATE search_${table} SET ${column} = ? WHERE ${key} = ?`);
  for (const { id, data } of all.all()) write.run(by(data) as Uint8Array, id);
}

const flipped = (data: Uint8Array): Uint8Array => {
  const left = data.slice();
  for (let at = 3; at < left.length; at += 7) left[at] = (left[at] ?? 0) ^ 0x55;
  return left;
};

test.each<[string, (log: IndexedLog) => unknown]>([
  ["parts with other bytes", (log) => damage(log, "parts", flipped)],
  ["parts that are cut", (log) => damage(log, "parts", (data) => data.slice(0, 9))],
  ["parts that are empty", (log) => damage(log, "parts", () => new Uint8Array())],
  ["parts that are no bytes", (log) => damage(log, "parts", () => "text")],
  ["parts that are missing", (log) => log.db.run("DELETE FROM search_parts WHERE id % 3 > 0")],
  ["no parts at all", (log) => log.db.run("DELETE FROM search_parts")],
  [
    "parts of another block",
    (log) =>
      log.db.run(
        "UPDATE search_parts SET data = (SELECT data FROM search_parts AS other WHERE other.id > search_parts.id + 20 LIMIT 1) WHERE id < 300",
      ),
  ],
  ["summaries with other bytes", (log) => damage(log, "blocks", flipped)],
  ["summaries that are numbers", (log) => damage(log, "blocks", () => 5)],
  ["other counts of rows", (log) => log.db.run("UPDATE search_blocks SET rows = rows * 1000")],
  ["other ends", (log) => log.db.run("UPDATE search_blocks SET last = last - 7")],
  ["other times", (log) => log.db.run("UPDATE search_blocks SET from_time = 'x', to_time = 1")],
])("an index with %s finds every row all the same", (_what, harm) => {
  const log = writtenLog();
  const filters = [
    { path: "/p/7" },
    { path: "*/6*" },
    { status: "203" },
    { subject: "s5", duration: ">100ms" },
    { subject: "none" },
    { host: "h3.example" },
    { since: "2020-01-01", status: "4xx" },
  ];
  const found = filters.map((texts) => log.find(texts));
  expect(found[0]?.length).toBeGreaterThan(5);
  harm(log);
  expect(filters.map((texts) => log.find(texts))).toEqual(found);
});
