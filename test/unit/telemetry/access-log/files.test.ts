import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { DatabaseFiles } from "../../../../src/sqlite/database-files.ts";
import { Store } from "../../../../src/telemetry/access-log/store.ts";
import { record, records, temporaryDirectory, UNLIMITED } from "./support.ts";
import { batchOf, idsIn, writerStarter } from "./writing.ts";

const at = temporaryDirectory();
const start = writerStarter();
const ENDINGS = ["", "-wal", "-shm"];
/** What the fake clock calls its beginning. */
const STAMP = "20260101T000000Z";
/** Longer than it may take until a change is noticed. */
const SECOND = 1_000;

const one = (requestId: string) => batchOf([record({ requestId })]);

function remove(path: string): void {
  for (const ending of ENDINGS) rmSync(path + ending, { force: true });
}

describe("files that are taken away while they are in use", () => {
  test("are noticed within a second by an idle writer, which begins a new file", () => {
    const path = at("log.db");
    const { writer, clock, reports } = start(path);
    writer.receive(one("before"));
    remove(path);
    clock.advance(SECOND);
    expect(reports.all).toEqual([
      {
        level: "warn",
        message: `access log: log.db was moved or removed while in use; opening ${path} again`,
      },
    ]);
    writer.receive(one("after"));
    expect(idsIn(path)).toEqual(["after"]);
  });

  test("are noticed too when that happens while they are being opened", () => {
    for (const kind of ["removed", "replaced"] as const) {
      const path = at(`${kind}.db`);
      writeFileSync(path, "one");
      const held = openSync(path, "r");
      const files = new DatabaseFiles(path);
      remove(path);
      if (kind === "replaced") writeFileSync(path, "another");
      files.opened();
      expect(files.change()).toEqual({ kind, file: `${kind}.db` });
      closeSync(held);
    }
  });

  test("take no row with them that comes later, however soon", () => {
    const path = at("log.db");
    const { writer, answers } = start(path);
    writer.receive(one("before"));
    remove(path);
    writer.receive(one("after"));
    expect(answers).toEqual(["ready", "written", "written"]);
    expect(idsIn(path)).toEqual(["after"]);
  });

  test("are whole where they have been moved to, with the rows that came before", () => {
    const path = at("log.db");
    const moved = at("yesterday.db");
    const { writer, clock } = start(path);
    for (const id of ["a", "b"]) writer.receive(one(id));
    renameSync(path, moved);
    clock.advance(SECOND);
    writer.receive(one("c"));
    expect(idsIn(moved)).toEqual(["a", "b"]);
    expect(idsIn(path)).toEqual(["c"]);
  });

  test("make no difference when only the -wal and -shm files are gone", () => {
    const path = at("log.db");
    const { writer, clock, reports } = start(path);
    writer.receive(one("before"));
    rmSync(`${path}-wal`);
    rmSync(`${path}-shm`);
    clock.advance(SECOND);
    writer.receive(one("after"));
    expect(reports.containing("log.db-wal was moved or removed")).toHaveLength(1);
    expect(idsIn(path)).toEqual(["before", "after"]);
  });

  test("by another access log are followed by that one", () => {
    const path = at("log.db");
    const other = Store.open(at("other.db"), UNLIMITED);
    other.append([record({ requestId: "from elsewhere" })]);
    other.close();
    const { writer, clock, reports } = start(path);
    writer.receive(one("before"));
    renameSync(at("other.db"), path);
    clock.advance(SECOND);
    writer.receive(one("after"));
    expect(reports.containing("log.db was replaced by another file")).toHaveLength(1);
    expect(idsIn(path)).toEqual(["from elsewhere", "after"]);
  });

  test("with their folder make rows wait until there is one again", () => {
    const path = at("folder/../log.db");
    const { writer, clock, reports, answers } = start(at("log.db"));
    writer.receive(one("before"));
    const folder = dirname(at("log.db"));
    rmSync(folder, { recursive: true });
    writer.receive(one("after"));
    clock.advance(SECOND);
    expect(answers).toEqual(["ready", "written"]);
    expect(reports.containing("rows wait in memory: unable to open")).toHaveLength(1);
    Bun.spawnSync(["mkdir", folder]);
    clock.advance(2 * SECOND);
    expect(answers).toEqual(["ready", "written", "written"]);
    expect(existsSync(path.replace("folder/../", ""))).toBe(true);
    expect(idsIn(at("log.db"))).toEqual(["after"]);
  });
});

const PAGE = 4096;

function garble(path: string, from: number, length: number): void {
  const descriptor = openSync(path, "r+");
  writeSync(descriptor, Buffer.alloc(length, "garbage "), 0, length, from);
  closeSync(descriptor);
}

const damages: Record<string, (path: string) => void> = {
  "with garbage for a header": (path) => garble(path, 0, 100),
  "with a torn page in the middle": (path) => garble(path, 20 * PAGE, PAGE),
  "with half of it gone": (path) => truncateSync(path, statSync(path).size / 2),
  "with less left than a header": (path) => truncateSync(path, 50),
  "that is no database at all": (path) => writeFileSync(path, "This is a text. ".repeat(1000)),
};

function filled(path: string): void {
  const store = Store.open(path, UNLIMITED);
  store.append(records(3_000));
  store.close();
}

describe.each(Object.entries(damages))("a file %s", (_name, damage) => {
  test("is renamed, reported once, and followed by a new one", () => {
    const path = at("log.db");
    filled(path);
    damage(path);
    const damaged = readFileSync(path);
    const { writer, clock, reports, answers } = start(path);
    writer.receive(one("new"));
    clock.advance(SECOND);
    expect(answers).toEqual(["ready", "written"]);
    expect(idsIn(path)).toEqual(["new"]);
    expect(readFileSync(`${path}.corrupt-${STAMP}`).equals(damaged)).toBe(true);
    expect(reports.all).toHaveLength(1);
    expect(reports.all[0]).toEqual({
      level: "error",
      message: expect.stringMatching(
        new RegExp(
          `^access log: ${path} is damaged \\(.+\\); it was renamed to ${path}.corrupt-${STAMP} and a new one was created. ` +
            `To recover its rows: sqlite3 ${path}.corrupt-${STAMP} .recover \\| sqlite3 recovered.db; docs/access-log.md has another way$`,
          "s",
        ),
      ),
    });
  });

  test("under a writer at work loses no row that comes later", () => {
    const path = at("log.db");
    filled(path);
    const { writer, clock, answers } = start(path);
    writer.receive(batchOf(records(500)));
    damage(path);
    for (let batch = 0; batch < 40; batch += 1) {
      writer.receive(batchOf(records(500, { requestId: `${batch}` })));
      clock.advance(10 * SECOND);
    }
    writer.receive({ kind: "close" });
    expect(answers.filter((answer) => answer === "written")).toHaveLength(41);
    // Damage that SQLite does not come across stays; then nothing is lost either.
    const { writer: next } = start(path);
    next.receive(one("last"));
    const found = readdirSync(dirname(path))
      .filter((name) => /^log\.db(?:\.corrupt-[0-9TZ]+)?$/.test(name))
      .flatMap((name) => idsFoundIn(at(name)));
    for (let batch = 0; batch < 40; batch += 1) expect(found).toContain(`${batch}`);
    expect(found).toContain("last");
  });
});

/** Those in the upper part of a file, which a damage below leaves readable; none of a ruined one. */
function idsFoundIn(path: string): unknown[] {
  try {
    using db = new Database(path, { readonly: true });
    return db
      .query<{ request_id: string }, []>(
        "SELECT request_id FROM logs NOT INDEXED ORDER BY id DESC LIMIT 20100",
      )
      .all()
      .map(({ request_id }) => request_id);
  } catch {
    return [];
  }
}

test("a file that is emptied while it is in use is renamed, together with its -wal file", () => {
  const path = at("log.db");
  const { writer, clock, reports } = start(path);
  writer.receive(one("before"));
  truncateSync(path, 0);
  clock.advance(SECOND);
  writer.receive(one("after"));
  expect(reports.containing("is damaged (log.db was emptied while in use)")).toHaveLength(1);
  expect(statSync(`${path}.corrupt-${STAMP}-wal`).size).toBeGreaterThan(PAGE);
  expect(idsIn(path)).toEqual(["after"]);
});

test("a -wal file that is emptied counts as damage, and no later row is lost", () => {
  const path = at("log.db");
  const { writer, clock, reports } = start(path);
  for (let batch = 0; batch < 20; batch += 1) writer.receive(batchOf(records(100)));
  truncateSync(`${path}-wal`, 0);
  clock.advance(SECOND);
  for (let batch = 0; batch < 20; batch += 1) writer.receive(one(`${batch}`));
  expect(reports.containing("is damaged (log.db-wal was emptied while in use)")).toHaveLength(1);
  expect(idsIn(path)).toEqual(Array.from({ length: 20 }, (_, batch) => `${batch}`));
});

test("a -wal file that another program has moved into the database is no damage", () => {
  const path = at("log.db");
  const { writer, clock, reports } = start(path);
  for (let round = 0; round < 3; round += 1) {
    for (let batch = 0; batch < 20; batch += 1) writer.receive(batchOf(records(100)));
    clock.advance(SECOND);
    using other = new Database(path);
    other.run("PRAGMA wal_checkpoint(TRUNCATE)");
    clock.advance(SECOND);
  }
  expect(reports.all).toEqual([]);
  expect(idsIn(path)).toHaveLength(6_000);
});

test("two damaged files of one second get two names", () => {
  const path = at("log.db");
  writeFileSync(path, "This is a text. ".repeat(1000));
  writeFileSync(`${path}.corrupt-${STAMP}`, "the first");
  start(path);
  expect(readFileSync(`${path}.corrupt-${STAMP}`, "utf8")).toBe("the first");
  expect(existsSync(`${path}.corrupt-${STAMP}-2`)).toBe(true);
});

describe("somebody else's database", () => {
  test("with a table of another kind is never moved", () => {
    const path = at("log.db");
    {
      using db = new Database(path);
      db.run("CREATE TABLE logs (id INTEGER PRIMARY KEY, source TEXT)");
    }
    const { clock, reports } = start(path);
    clock.advance(60 * SECOND);
    expect(readdirSync(dirname(path))).toEqual(["log.db"]);
    expect(reports.all.map(({ message }) => message)).toEqual([
      expect.stringContaining('its table "logs" is not an access log'),
    ]);
  });

  test("is not moved for being damaged either", () => {
    const path = at("log.db");
    {
      using db = new Database(path);
      db.run("CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT)");
      const insert = db.query("INSERT INTO customers (name) VALUES (?)");
      for (let row = 0; row < 500; row += 1) insert.run("x".repeat(200));
    }
    garble(path, 2 * PAGE, PAGE);
    const { clock, reports } = start(path);
    clock.advance(60 * SECOND);
    expect(readdirSync(dirname(path)).filter((name) => name.includes("corrupt"))).toEqual([]);
    expect(reports.all.length).toBeGreaterThan(0);
  });
});

describe("the mode of the files", () => {
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);

  test("keeps everybody out but their owner", () => {
    const path = at("log.db");
    const { writer, reports } = start(path);
    writer.receive(one("a"));
    expect(ENDINGS.map((ending) => mode(path + ending))).toEqual(["600", "600", "600"]);
    expect(reports.all).toEqual([]);
  });

  test("is left as it is for a file that exists, with one warning where others can read it", () => {
    const path = at("log.db");
    Store.open(path, UNLIMITED).close();
    chmodSync(path, 0o640);
    const { writer, clock, reports } = start(path);
    remove(path);
    clock.advance(SECOND);
    writer.receive(one("a"));
    expect(mode(path)).toBe("600");
    expect(reports.all[0]).toEqual({
      level: "warn",
      message: `access log: other users can read ${path} (mode 640); \`chmod 600 ${path}\` changes that`,
    });
    expect(basename(path)).toBe("log.db");
  });
});
