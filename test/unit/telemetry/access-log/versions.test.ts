import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { Store } from "../../../../src/telemetry/access-log/store.ts";
import { record, rowsIn, temporaryDirectory, UNLIMITED } from "./support.ts";

const at = temporaryDirectory();

const FIRST_COLUMNS = `id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT, level TEXT, message TEXT,
  timestamp DATETIME, method TEXT, path TEXT, status_code INTEGER, latency_ms REAL, client_ip TEXT,
  user_agent TEXT, backend TEXT`;
const OLD_ROW = `INSERT INTO logs (source, level, message, timestamp, method, path, status_code,
    latency_ms, client_ip, user_agent, backend)
  VALUES ('gateway', 'INFO', 'GET /old - 200', '2025-01-02T03:04:05.678Z', 'GET', '/old', 200, 1.5,
    '::1', 'curl', 'b')`;
/** As version 1 was first written, before `ended_by` and the view. */
const VERSION_1 = `CREATE TABLE logs (id INTEGER PRIMARY KEY, source TEXT, level TEXT, message TEXT,
  timestamp TEXT, method TEXT, path TEXT, status_code INTEGER, latency_ms REAL, client_ip TEXT,
  user_agent TEXT, backend TEXT, route TEXT, request_id TEXT, bytes_in INTEGER, bytes_out INTEGER,
  attempts INTEGER, ttfb_ms REAL, error_code TEXT, query TEXT, host TEXT, messages_in INTEGER,
  messages_out INTEGER)`;

const versions: Record<string, readonly string[]> = {
  "an empty file": [],
  "the first gateway's table": [`CREATE TABLE logs (${FIRST_COLUMNS})`],
  "the first gateway's table with columns that may not be NULL": [
    `CREATE TABLE logs (${FIRST_COLUMNS.replaceAll(" TEXT", " TEXT NOT NULL")})`,
  ],
  "version 1": [
    VERSION_1,
    "CREATE INDEX logs_timestamp ON logs (timestamp)",
    "PRAGMA user_version = 1",
  ],
  "version 1 without two of its columns": [
    VERSION_1.replace("ttfb_ms REAL, ", "").replace("host TEXT, ", ""),
    "PRAGMA user_version = 1",
  ],
  "version 1 with a column and an index of somebody else's": [
    VERSION_1.replace("host TEXT, ", "host TEXT, note TEXT DEFAULT 'none', "),
    "CREATE INDEX logs_path ON logs (path)",
    "PRAGMA user_version = 1",
  ],
  "version 1 with a generated column": [
    VERSION_1.replace(
      "messages_out INTEGER)",
      "messages_out INTEGER, day TEXT AS (substr(timestamp, 1, 10)))",
    ),
    "PRAGMA user_version = 1",
  ],
  "version 1 with a table called exchanges": [
    VERSION_1,
    "CREATE TABLE exchanges (id INTEGER)",
    "PRAGMA user_version = 1",
  ],
};

test.each(Object.entries(versions))(
  "%s is opened, written and read, twice over",
  (_name, statements) => {
    const path = at("log.db");
    const isNew = statements.length === 0;
    {
      using db = new Database(path);
      for (const statement of statements) db.run(statement);
      if (!isNew) db.run(OLD_ROW);
    }

    for (const requestId of ["one", "two"]) {
      const store = Store.open(path, UNLIMITED);
      store.append([record({ requestId, errorCode: "overloaded", endedBy: "gateway" })]);
      store.close();
    }

    const rows = rowsIn(path);
    const old = { path: "/old", latency_ms: 1.5, request_id: null, ended_by: null };
    const written = {
      path: "/api/users/1",
      ttfb_ms: 0.988,
      host: "localhost:8080",
      error_code: "overloaded",
      ended_by: "gateway",
    };
    expect(rows).toMatchObject([
      ...(isNew ? [] : [old]),
      { ...written, request_id: "one" },
      { ...written, request_id: "two" },
    ]);
    using db = new Database(path, { readonly: true });
    expect(db.query("PRAGMA user_version").get()).toEqual({ user_version: 1 });
  },
);

test("a file that lacks nothing is not changed by opening it", () => {
  const path = at("log.db");
  Store.open(path, UNLIMITED).close();
  const schemaVersion = () => {
    using db = new Database(path, { readonly: true });
    return db.query("PRAGMA schema_version").get();
  };
  const before = schemaVersion();
  Store.open(path, UNLIMITED).close();
  expect(schemaVersion()).toEqual(before);
});

test("times in the view are SQLite's own, so that the natural query answers right", () => {
  const path = at("log.db");
  const store = Store.open(path, UNLIMITED);
  const now = Date.now();
  store.append([
    record({ timestamp: now - 3_700_000, requestId: "too old" }),
    record({ timestamp: now - 3_500_000, requestId: "within the hour" }),
    record({ timestamp: now, requestId: "new" }),
  ]);
  store.close();
  using db = new Database(path, { readonly: true });
  const ids = (where: string) =>
    db
      .query<{ request_id: string }, []>(`SELECT request_id FROM exchanges WHERE ${where}`)
      .all()
      .map(({ request_id }) => request_id);
  expect(ids("time > datetime('now', '-1 hour')")).toEqual(["within the hour", "new"]);
  expect(ids("time <= datetime('now', '-1 hour')")).toEqual(["too old"]);
  expect(db.query("SELECT time FROM exchanges WHERE julianday(time) IS NULL").all()).toEqual([]);
});
