import { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, renameSync, writeFileSync } from "node:fs";
import { Store } from "../../../../src/telemetry/access-log/store.ts";
import { QueryError } from "../../../../src/telemetry/query/errors.ts";
import { noFilters, parseFilters } from "../../../../src/telemetry/query/filters.ts";
import { LogFile, queriesOf } from "../../../../src/telemetry/query/log-file.ts";
import { records, temporaryDirectory, UNLIMITED } from "../access-log/support.ts";

const path = temporaryDirectory();
const opened: { close(): void }[] = [];

afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

function fileOf(name: string): LogFile {
  const file = new LogFile(path(name));
  opened.push(file);
  return file;
}

function storeOf(name: string): Store {
  const store = Store.open(path(name), UNLIMITED);
  opened.push(store);
  return store;
}

const newestIds = (file: LogFile) =>
  file.ask("page", { filters: noFilters, limit: 3 }).rows.map((row) => row["request_id"]);

function reasonOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof QueryError) return error.reason;
    throw error;
  }
  return "";
}

describe("the log's file is read", () => {
  test("while a gateway writes it", () => {
    const store = storeOf("log.db");
    const file = fileOf("log.db");
    store.append(records(2));
    expect(newestIds(file)).toEqual(["1", "0"]);
    store.append(records(1));
    expect(newestIds(file)).toEqual(["0", "1", "0"]);
  });

  test("as a copy, without leaving files next to it", () => {
    const store = storeOf("log.db");
    store.append(records(2));
    store.close();
    copyFileSync(path("log.db"), path("copy.db"));
    expect(newestIds(fileOf("copy.db"))).toEqual(["1", "0"]);
    expect(existsSync(path("copy.db-wal"))).toBe(false);
    expect(existsSync(path("copy.db-shm"))).toBe(false);
  });

  test("on when a gateway begins to write the copy", () => {
    storeOf("log.db").close();
    const file = fileOf("log.db");
    expect(newestIds(file)).toEqual([]);
    storeOf("log.db").append(records(1));
    expect(newestIds(file)).toEqual(["0"]);
  });

  test("anew when another file takes its place", () => {
    const old = storeOf("log.db");
    old.append(records(1));
    const file = fileOf("log.db");
    expect(newestIds(file)).toEqual(["0"]);
    old.close();
    renameSync(path("log.db"), path("old.db"));
    storeOf("log.db").append(records(2));
    expect(newestIds(file)).toEqual(["1", "0"]);
  });

  test("of an older gateway, with NULL for what it has no columns for", () => {
    using db = new Database(path("old.db"), { create: true, readwrite: true });
    db.run("CREATE TABLE logs (id INTEGER PRIMARY KEY, timestamp TEXT, status_code INTEGER)");
    db.run("INSERT INTO logs VALUES (7, '2026-11-23T15:01:26.123Z', 200)");
    const file = fileOf("old.db");
    const { rows } = file.ask("page", { filters: parseFilters({ model: "none" }, 0), limit: 10 });
    expect(rows).toMatchObject([{ id: 7, status_code: 200, model: null }]);
    expect(file.ask("exchange", { id: "7" })).toMatchObject({ decisions: null });
    expect(file.ask("exchange", { id: "8" })).toBeNull();
  });
});

describe("a file that cannot be read", () => {
  test("says that it is not there yet", async () => {
    expect(reasonOf(() => newestIds(fileOf("none.db")))).toBe("no_file");
    writeFileSync(path("empty.db"), "");
    expect(reasonOf(() => newestIds(fileOf("empty.db")))).toBe("no_file");
    const asked = queriesOf(fileOf("none.db")).page({ filters: noFilters, limit: 1 });
    await asked.then(
      () => expect.unreachable(),
      (error: unknown) => expect(error).toBeInstanceOf(QueryError),
    );
  });

  test("says that it is damaged, or another program's", () => {
    writeFileSync(path("damaged.db"), "x".repeat(10_000));
    expect(reasonOf(() => newestIds(fileOf("damaged.db")))).toBe("damaged");
    using db = new Database(path("other.db"), { create: true, readwrite: true });
    db.run("CREATE TABLE users (name TEXT)");
    expect(reasonOf(() => newestIds(fileOf("other.db")))).toBe("unreadable");
  });
});
