import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { ask } from "../support/ask.ts";
import { eventually } from "../support/eventually.ts";
import { gatewayBinary } from "../support/gateway-binary.ts";
import { type GatewayProcess, startGateway } from "../support/gateway-process.ts";
import { type Load, startLoad } from "../support/load.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { hasProc, pidOf, residentBytes } from "../support/proc.ts";
import { createStage } from "../support/stage.ts";
import { requires, requiresProgram } from "../support/requires.ts";

const stage = createStage();
const ENDINGS = ["", "-wal", "-shm"];

interface Counts {
  readonly written: number;
  readonly queued: number;
  readonly dropped: number;
}

async function countsOf(gateway: GatewayProcess): Promise<Counts> {
  return (await (await ask(`${gateway.url}/admin/log`)).json()) as Counts;
}

async function startUnderLoad(
  options: Parameters<typeof startGateway>[2] = {},
  database?: string,
): Promise<{ gateway: GatewayProcess; load: Load }> {
  const mock = await startMockProcess(stage, "A");
  const gateway = await startGateway(
    stage,
    {
      ...(database === undefined ? {} : { logging: { database } }),
      routes: [{ path: "/api/users/*", backends: [mock.url] }],
    },
    options,
  );
  const load = startLoad(stage, `${gateway.url}/api/users/1`);
  await load.more(100);
  return { gateway, load };
}

/** Ids of the requests in database files, as far as they can be read. */
function idsIn(...files: string[]): Set<string> {
  const ids = files.flatMap((file) => {
    using db = new Database(file, { readonly: true });
    return db
      .query<{ request_id: string }, []>("SELECT request_id FROM logs NOT INDEXED")
      .all()
      .map(({ request_id }) => request_id);
  });
  return new Set(ids);
}

const missingFrom = (ids: Set<string>, load: Load, from = 0) =>
  load.answered.slice(from).filter((id) => !ids.has(id));

function remove(database: string): void {
  for (const ending of ENDINGS) rmSync(database + ending, { force: true });
}

test("a log that is removed while requests come is begun again, and later rows are in it", async () => {
  const { gateway, load } = await startUnderLoad();
  remove(gateway.database);
  await gateway.lines.waitFor(/\[WARN\] access log: gateway\.db\S* was moved or removed/);
  const from = load.answered.length;
  await load.more(200);
  await load.stop();

  expect(await gateway.stop()).toBe(0);
  expect(missingFrom(idsIn(gateway.database), load, from)).toEqual([]);
});

test("a log that is moved away while requests come loses no row between the two files", async () => {
  const { gateway, load } = await startUnderLoad();
  await eventually(() => gateway.rows().length >= 100);
  const moved = `${gateway.database}.yesterday`;
  renameSync(gateway.database, moved);
  await gateway.lines.waitFor(/was moved or removed while in use/);
  await load.more(200);
  await load.stop();

  expect(await gateway.stop()).toBe(0);
  expect(missingFrom(idsIn(moved, gateway.database), load)).toEqual([]);
  expect(idsIn(moved).size).toBeGreaterThan(0);
  expect(idsIn(gateway.database).size).toBeGreaterThan(0);
});

test("an idle gateway notices within a second that its log is gone", async () => {
  const { gateway, load } = await startUnderLoad();
  await load.stop();
  await eventually(async () => (await countsOf(gateway)).queued <= 1);
  remove(gateway.database);
  const noticed = await gateway.lines.waitFor(/was moved or removed while in use/);
  expect(noticed).toContain(gateway.database);
  await eventually(() => readdirSync(dirname(gateway.database)).includes("gateway.db"));
});

test("a log that is replaced by another one goes on in that one", async () => {
  const { gateway, load } = await startUnderLoad();
  const other = join(stage.folder(), "other.db");
  await eventually(() => gateway.rows().length >= 100);
  {
    using db = new Database(gateway.database);
    db.run(`VACUUM INTO '${other}'`);
  }
  const before = idsIn(other);
  copyFileSync(other, `${gateway.database}.new`);
  renameSync(`${gateway.database}.new`, gateway.database);
  await gateway.lines.waitFor(/gateway\.db was replaced by another file/);
  const from = load.answered.length;
  await load.more(200);
  await load.stop();

  expect(await gateway.stop()).toBe(0);
  const after = idsIn(gateway.database);
  expect(missingFrom(after, load, from)).toEqual([]);
  expect([...before].filter((id) => !after.has(id))).toEqual([]);
});

function garble(file: string, from: number, length: number): void {
  const descriptor = openSync(file, "r+");
  writeSync(descriptor, Buffer.alloc(length, "garbage "), 0, length, from);
  closeSync(descriptor);
}

const damages: [string, (file: string) => void][] = [
  ["with garbage for a header", (file) => garble(file, 0, 100)],
  ["with a torn page in the middle", (file) => garble(file, 4096 * 5, 4096)],
  ["cut in half", (file) => truncateSync(file, statSync(file).size / 2)],
  ["that is no database", (file) => writeFileSync(file, Buffer.alloc(10_000, "\u0000no"))],
];

test.each(damages)(
  "a log %s is set aside at the start, and a line says what to do",
  async (_name, damage) => {
    const cwd = stage.folder();
    const first = await startUnderLoad({ cwd });
    await first.load.stop();
    await first.gateway.stop();
    damage(first.gateway.database);

    const { gateway, load } = await startUnderLoad({ cwd });
    const line = await gateway.lines.waitFor(/\[ERROR\] access log: \S+ is damaged/);
    await load.stop();

    expect(await gateway.stop()).toBe(0);
    expect(missingFrom(idsIn(gateway.database), load)).toEqual([]);
    const aside = readdirSync(cwd).find((name) => /^gateway\.db\.corrupt-20[0-9TZ]+$/.test(name));
    expect(aside).toBeDefined();
    expect(line).toContain(`renamed to ${join(cwd, aside ?? "")} and a new one was created`);
    expect(line).toContain(".recover | sqlite3 recovered.db");
  },
);

test.skipIf(!requiresProgram("sqlite3", "sqlite3"))(
  "the docs' second way to recover a damaged log saves what can be read of it",
  async () => {
    const cwd = stage.folder();
    const { gateway, load } = await startUnderLoad({ cwd });
    await load.more(500);
    await load.stop();
    await gateway.stop();
    const rows = idsIn(gateway.database).size;
    garble(gateway.database, 4096 * 5, 4096);
    const again = await startUnderLoad({ cwd });
    const line = await again.gateway.lines.waitFor(/is damaged/);
    const aside = /renamed to (\S+)/.exec(line)?.[1] ?? "";

    const page = await Bun.file(join(import.meta.dir, "../../docs/access-log.md")).text();
    const command = /^sqlite3 (\S+) \.dump .*$/m.exec(page);
    Bun.spawnSync(["sh", "-c", command?.[0].replace(command[1] ?? "", aside) ?? ""], { cwd });

    const saved = idsIn(join(cwd, "recovered.db")).size;
    expect(saved).toBeGreaterThan(rows / 2);
    expect(saved).toBeLessThanOrEqual(rows);
  },
);

test.each(["gateway.db", "gateway.db-wal"])(
  "a log whose %s is emptied while requests come is set aside, and later rows are kept",
  async (name) => {
    const { gateway, load } = await startUnderLoad();
    await eventually(() => gateway.rows().length >= 100);
    truncateSync(join(dirname(gateway.database), name), 0);
    // SQLite may read it before the gateway looks at the file.
    const reason = `${name} was emptied while in use|database disk image is malformed`;
    await gateway.lines.waitFor(new RegExp(`is damaged \\((?:${reason})`));
    const from = load.answered.length;
    await load.more(200);
    await load.stop();

    expect(await gateway.stop()).toBe(0);
    expect(missingFrom(idsIn(gateway.database), load, from)).toEqual([]);
  },
);

test("a database of somebody else stays where it is, rows are lost, and the exit code says so", async () => {
  const database = join(stage.folder(), "shop.db");
  {
    using db = new Database(database);
    db.run("CREATE TABLE logs (id INTEGER PRIMARY KEY, source TEXT)");
  }
  const { gateway, load } = await startUnderLoad({}, database);
  await gateway.lines.waitFor(/its table "logs" is not an access log/);
  await load.stop();

  expect(await gateway.stop()).toBe(3);
  const lost = load.answered.length;
  expect(gateway.lines.text).toContain(`${lost} rows were lost: the access log is incomplete`);
  expect(readdirSync(dirname(database)).filter((name) => name.startsWith("shop.db"))).toEqual([
    "shop.db",
  ]);
});

test("a locked log, a missing folder and a damaged log, one after the other, lose no row", async () => {
  const folder = join(stage.folder(), "logs");
  mkdirSync(folder);
  const { gateway, load } = await startUnderLoad({}, join(folder, "gateway.db"));
  const { database } = gateway;
  await eventually(() => gateway.rows().length >= 100);

  using other = new Database(database);
  // The gateway may be writing at this very moment.
  other.run("PRAGMA busy_timeout = 10000");
  other.run("BEGIN EXCLUSIVE");
  await gateway.lines.waitFor(/rows wait in memory: database is locked/);
  await load.more(100);
  other.run("COMMIT");
  other.close();
  await gateway.lines.waitFor(/writing to \S+ again/);

  renameSync(folder, `${folder}.away`);
  await gateway.lines.waitFor(/rows wait in memory: unable to open database file/);
  await load.more(100);
  mkdirSync(folder);
  await eventually(() => gateway.rows().length > 0);

  truncateSync(database, 0);
  await gateway.lines.waitFor(/is damaged/);
  await load.more(100);
  await load.stop();
  await eventually(async () => (await countsOf(gateway)).queued <= 1);
  expect((await countsOf(gateway)).dropped).toBe(0);
  expect(await gateway.stop()).toBe(0);
  const ids = idsIn(join(`${folder}.away`, "gateway.db"), database);
  // The rows in the emptied file are lost.
  const lost = new Set(missingFrom(ids, load));
  const aside = readdirSync(folder).filter((name) => /corrupt-[0-9TZ]+-wal$/.test(name));
  expect(aside).toHaveLength(1);
  expect(load.answered.slice(-100).filter((id) => lost.has(id))).toEqual([]);
});

test.skipIf(!hasProc)(
  "a full disk makes rows wait, and none is lost when there is room again",
  async () => {
    // The signal would end the process; without it, writing fails as on a full disk.
    const command = ["sh", "-c", 'trap "" XFSZ; exec "$@"', "sh", await gatewayBinary()];
    const { gateway, load } = await startUnderLoad({ command });
    await eventually(() => gateway.rows().length >= 100);
    const pid = pidOf(gateway);
    const limit = (bytes: string) =>
      Bun.spawnSync(["prlimit", `--pid=${pid}`, `--fsize=${bytes}:`]);
    expect(limit("1000").exitCode).toBe(0);
    await gateway.lines.waitFor(/rows wait in memory: .*\(SQLITE_/);
    await load.more(200);
    expect((await countsOf(gateway)).queued).toBeGreaterThan(0);

    expect(limit("unlimited").exitCode).toBe(0);
    await gateway.lines.waitFor(/writing to \S+ again/);
    await load.stop();

    expect(await gateway.stop()).toBe(0);
    expect(missingFrom(idsIn(gateway.database), load)).toEqual([]);
  },
);

const canBecomeNobody = requires(
  process.getuid?.() === 0 && Bun.which("setpriv") !== null,
  "root and setpriv",
);

test.skipIf(!canBecomeNobody)(
  "a file and a folder that may not be written to make rows wait until they may",
  async () => {
    const NOBODY = 65534;
    // Where nobody may go: the folders of other tests belong to this user alone.
    const folder = stage.folder();
    chownSync(folder, NOBODY, NOBODY);
    const binary = join(tmpdir(), `gateway-for-nobody-${process.pid}`);
    copyFileSync(await gatewayBinary(), binary);
    chmodSync(binary, 0o755);
    stage.defer(() => rmSync(binary, { force: true }));
    const command = ["setpriv", `--reuid=${NOBODY}`, "--clear-groups", binary];
    const { gateway, load } = await startUnderLoad({ cwd: folder, command });
    await eventually(() => gateway.rows().length >= 100);

    chmodSync(folder, 0o555);
    for (const ending of ENDINGS) chmodSync(gateway.database + ending, 0o444);
    renameSync(gateway.database, `${gateway.database}.moved`);
    await gateway.lines.waitFor(/rows wait in memory: unable to open database file/);
    await load.more(100);
    renameSync(`${gateway.database}.moved`, gateway.database);
    await gateway.lines.waitFor(/rows wait in memory: attempt to write a readonly database/);
    await load.more(100);
    chmodSync(folder, 0o755);
    for (const ending of ENDINGS) {
      if (statSync(gateway.database + ending, { throwIfNoEntry: false }) !== undefined) {
        chmodSync(gateway.database + ending, 0o600);
      }
    }
    await gateway.lines.waitFor(/writing to \S+ again/);
    await load.stop();

    expect(await gateway.stop()).toBe(0);
    expect(missingFrom(idsIn(gateway.database), load)).toEqual([]);
  },
);

test.skipIf(!hasProc)(
  "memory stays within its bound while rows of long texts wait for a locked log",
  async () => {
    const mock = await startMockProcess(stage, "A");
    const gateway = await startGateway(stage, {
      routes: [{ path: "/api/users/*", backends: [mock.url] }],
    });
    await ask(`${gateway.url}/health`);
    await gateway.waitForRows(1);
    using other = new Database(gateway.database);
    // The gateway may be writing at this very moment.
    other.run("PRAGMA busy_timeout = 10000");
    other.run("BEGIN EXCLUSIVE");
    const before = residentBytes(pidOf(gateway));
    const long = (length: number) => "x".repeat(length);

    const client = async () => {
      for (let sent = 0; sent < 1_500; sent += 1) {
        const response = await ask(`${gateway.url}/${long(3_000)}?${long(9_000)}`, {
          headers: { "user-agent": `${sent}${long(3_000)}` },
        });
        await response.bytes();
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));

    const { queued, dropped } = await countsOf(gateway);
    expect(dropped).toBeGreaterThan(0);
    expect(queued).toBeGreaterThan(0);
    const growth = residentBytes(pidOf(gateway)) - before;
    expect(growth).toBeLessThan(200 * 2 ** 20);
    other.run("COMMIT");
    await eventually(async () => (await countsOf(gateway)).queued <= 1);
    const { written } = await countsOf(gateway);
    expect(written + dropped).toBeGreaterThanOrEqual(12_000);
    expect(await gateway.stop()).toBe(3);
    const lost = /(\d+) rows were lost/.exec(gateway.lines.all.at(-2) ?? "")?.[1];
    expect(Number(lost)).toBeGreaterThanOrEqual(dropped);
  },
  60_000,
);

test.skipIf(process.platform === "win32")(
  "the log's files can be read by their owner alone",
  async () => {
    const command = ["sh", "-c", 'umask 0; exec "$@"', "sh", await gatewayBinary()];
    const { gateway, load } = await startUnderLoad({ command });
    await eventually(() => gateway.rows().length >= 100);
    const modes = ENDINGS.map((ending) => statSync(gateway.database + ending).mode & 0o777);
    expect(modes).toEqual([0o600, 0o600, 0o600]);
    expect(gateway.lines.matching(/other users can read/)).toEqual([]);
    await load.stop();
  },
);

test.skipIf(process.platform === "win32")(
  "a log that others can read is left so, and warned of",
  async () => {
    const cwd = stage.folder();
    const database = join(cwd, "gateway.db");
    writeFileSync(database, "");
    chmodSync(database, 0o644);
    const { gateway } = await startUnderLoad({ cwd });
    await gateway.lines.waitFor(/\[WARN\] access log: other users can read .* \(mode 644\)/);
    expect(statSync(database).mode & 0o777).toBe(0o644);
  },
);
