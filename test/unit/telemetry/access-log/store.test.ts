import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { makeShrinkable } from "../../../../src/sqlite/pragmas.ts";
import { Store } from "../../../../src/telemetry/access-log/store.ts";
import { records, record, rowsIn, temporaryDirectory, UNLIMITED } from "./support.ts";

const at = temporaryDirectory();

const FIRST_TABLE = `CREATE TABLE logs (
  id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT, level TEXT, message TEXT, timestamp DATETIME,
  method TEXT, path TEXT, status_code INTEGER, latency_ms REAL, client_ip TEXT, user_agent TEXT,
  backend TEXT)`;

function withDatabase(path: string, use: (db: Database) => void): void {
  using db = new Database(path);
  use(db);
}

describe("rows", () => {
  test("what is not logged gets no row", () => {
    const path = at("log.db");
    const store = Store.open(path, UNLIMITED);
    store.append([record({ requestId: "a", isLogged: false }), record({ requestId: "b" })]);
    store.append([record({ requestId: "c", isLogged: false })]);
    store.close();
    expect(rowsIn(path).map(({ request_id }) => request_id)).toEqual(["b"]);
  });

  test("a row is its record", () => {
    const path = at("log.db");
    const store = Store.open(path, UNLIMITED);
    store.append([
      record({
        message: "no backend answered",
        level: "error",
        errorCode: "overloaded",
        endedBy: "gateway",
      }),
    ]);
    store.close();
    expect(rowsIn(path)).toEqual([
      {
        id: 1,
        source: "gateway",
        level: "ERROR",
        message: "no backend answered",
        timestamp: "2026-11-23T15:01:26.123Z",
        method: "GET",
        path: "/api/users/1",
        status_code: 200,
        latency_ms: 1.235,
        client_ip: "127.0.0.1",
        user_agent: "curl/8.0",
        backend: "http://localhost:9001",
        route: "/api/users/*",
        request_id: "id-1",
        bytes_in: 3,
        bytes_out: 90,
        attempts: 1,
        attempt_outcomes: null,
        subject: null,
        provider: null,
        ttfb_ms: 0.988,
        error_code: "overloaded",
        query: "?a=1",
        host: "localhost:8080",
        protocol: "HTTP/1.1",
        tls_version: null,
        server_name: null,
        messages_in: null,
        messages_out: null,
        ended_by: "gateway",
        grpc_status: null,
        cache: null,
        upstream: null,
        refused_by: null,
        configuration: null,
        trace_id: null,
        model: null,
        tokens_in: null,
        tokens_out: null,
        decisions: null,
        request_fields: null,
        response_fields: null,
        request_body: null,
        response_body: null,
      },
    ]);
  });

  test("a WebSocket's row has its messages, even when there were none", () => {
    const path = at("log.db");
    const store = Store.open(path, UNLIMITED);
    store.append([
      record({ statusCode: 101, messagesIn: 2, messagesOut: 7 }),
      record({ statusCode: 101 }),
    ]);
    store.close();
    expect(rowsIn(path)).toMatchObject([
      { messages_in: 2, messages_out: 7 },
      { messages_in: 0, messages_out: 0 },
    ]);
  });

  test("what a record lacks is empty or NULL, and its message becomes the request in short", () => {
    const path = at("log.db");
    const store = Store.open(path, UNLIMITED);
    store.append([record({ backend: "", route: "", query: "", userAgent: "", ttfbMs: -1 })]);
    store.close();
    expect(rowsIn(path)[0]).toMatchObject({
      message: "GET /api/users/1 - 200",
      backend: "",
      user_agent: "",
      route: null,
      query: null,
      error_code: null,
      ttfb_ms: null,
    });
  });

  test("a batch of which one row fails leaves none behind", () => {
    const path = at("log.db");
    const store = Store.open(path, UNLIMITED);
    expect(() => store.append([record(), record({ timestamp: 1e20 })])).toThrow();
    store.append([record({ requestId: "next" })]);
    store.close();
    expect(rowsIn(path).map((row) => row["request_id"])).toEqual(["next"]);
  });

  test("rows continue where the file's last ones end when it is opened again", () => {
    const path = at("log.db");
    for (const requestId of ["a", "b"]) {
      const store = Store.open(path, UNLIMITED);
      store.append([record({ requestId })]);
      store.close();
    }
    expect(rowsIn(path).map((row) => [row["id"], row["request_id"]])).toEqual([
      [1, "a"],
      [2, "b"],
    ]);
  });
});

describe("the file", () => {
  test("after closing, the one file holds everything", () => {
    const path = at("log.db");
    const store = Store.open(path, UNLIMITED);
    store.append(records(10));
    expect(existsSync(`${path}-wal`)).toBe(true);
    store.close();
    store.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(rowsIn(path)).toHaveLength(10);
  });

  test("a new file can shrink, and readers do not wait for writers", () => {
    const path = at("log.db");
    const store = Store.open(path, UNLIMITED);
    withDatabase(path, (db) => {
      expect(db.query("PRAGMA auto_vacuum").get()).toEqual({ auto_vacuum: 2 });
      expect(db.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
    });
    expect(store.shrinkable).toBe(true);
    store.close();
  });
});

describe("migration", () => {
  test("a file of the first gateway keeps its rows, gains the columns, and can shrink", () => {
    const path = at("log.db");
    withDatabase(path, (db) => {
      db.run(FIRST_TABLE);
      const insert = db.query(
        `INSERT INTO logs (source, level, message, timestamp, method, path, status_code, latency_ms,
           client_ip, user_agent, backend)
         VALUES ('gateway', 'INFO', 'GET /a - 200', ?, 'GET', '/a', 200, 1.5, '::1', 'curl', 'b')`,
      );
      insert.run("2025-01-02 03:04:05.678901234+01:00");
      insert.run("2025-01-02T03:04:05.678Z");
      insert.run("once upon a time");
    });
    const store = Store.open(path, UNLIMITED);
    store.append([record()]);
    store.close();

    const rows = rowsIn(path);
    expect(rows.map((row) => [row["id"], row["timestamp"], row["route"]])).toEqual([
      [1, "2025-01-02T02:04:05.678Z", null],
      [2, "2025-01-02T03:04:05.678Z", null],
      [3, "once upon a time", null],
      [4, "2026-11-23T15:01:26.123Z", "/api/users/*"],
    ]);
    expect(rows[0]).toMatchObject({ message: "GET /a - 200", latency_ms: 1.5, backend: "b" });
    withDatabase(path, (db) => {
      expect(db.query("PRAGMA auto_vacuum").get()).toEqual({ auto_vacuum: 2 });
      expect(db.query("PRAGMA user_version").get()).toEqual({ user_version: 1 });
    });
  });

  test("a file that there is no room to rewrite stays as it is", () => {
    const path = at("log.db");
    withDatabase(path, (db) => {
      db.run(FIRST_TABLE);
      db.run("INSERT INTO logs (message) VALUES ('kept')");
      const pages = db.query<{ page_count: number }, []>("PRAGMA page_count").get()?.page_count;
      db.run(`PRAGMA max_page_count = ${pages}`);
      expect(makeShrinkable(db)).toBe(false);
    });
    expect(rowsIn(path)).toHaveLength(1);
  });

  test("a file that another program is writing to is not migrated until that has ended", () => {
    const path = at("log.db");
    withDatabase(path, (db) => {
      db.run(FIRST_TABLE);
      db.run("BEGIN IMMEDIATE");
      expect(() => Store.open(path, UNLIMITED)).toThrow("database is locked");
      db.run("COMMIT");
    });
    Store.open(path, UNLIMITED).close();
    expect(rowsIn(path)).toEqual([]);
  });

  test("a file of a newer gateway is refused and left as it was", () => {
    const path = at("log.db");
    withDatabase(path, (db) => {
      db.run("CREATE TABLE logs (id INTEGER PRIMARY KEY, whatever TEXT)");
      db.run("PRAGMA user_version = 7");
    });
    expect(() => Store.open(path, UNLIMITED)).toThrow(
      "written by a newer gateway (schema 7; this one knows up to 1)",
    );
    withDatabase(path, (db) => {
      expect(db.query("PRAGMA journal_mode").get()).toEqual({ journal_mode: "delete" });
    });
  });

  test("another program's database is refused and left as it was", () => {
    const path = at("log.db");
    withDatabase(path, (db) => {
      db.run("CREATE TABLE customers (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT)");
      db.run("PRAGMA user_version = 42");
    });
    const before = readFileSync(path);
    expect(() => Store.open(path, UNLIMITED)).toThrow(
      `another program's database, with a table "customers" and no table "logs"`,
    );
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  test("another program's table named logs is refused and left as it was", () => {
    const path = at("log.db");
    withDatabase(path, (db) => db.run("CREATE TABLE logs (id INTEGER PRIMARY KEY, source TEXT)"));
    expect(() => Store.open(path, UNLIMITED)).toThrow('its table "logs" is not an access log');
    withDatabase(path, (db) => {
      expect(db.query("SELECT name FROM pragma_table_info('logs')").all()).toHaveLength(2);
      expect(db.query("PRAGMA auto_vacuum").get()).toEqual({ auto_vacuum: 0 });
    });
  });
});
