import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import { stringify } from "yaml";
import { ask } from "../support/ask.ts";
import { eventually } from "../support/eventually.ts";
import { gatewayBinary } from "../support/gateway-binary.ts";
import { createStage, type Stage } from "../support/stage.ts";

const stage = createStage();

/** The shell holds a pipe open for reading and writing, so that it fills up and nobody reads it. */
const UNREAD = `mkfifo out; exec 3<>out; "$0" serve gateway.yaml >out 2>errors 3>&- & echo $! >pid
  wait $!; echo $? >code`;
/** The reader takes one line and is gone. */
const READ_ONCE = `{ "$0" serve gateway.yaml 2>errors & echo $! >pid; wait $!; echo $? >code; } | head -n 1`;

/** A gateway whose standard output is a pipe, started by a script of the shell. */
async function startWithPipe(stage: Stage, script = UNREAD) {
  const folder = stage.folder();
  const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const { port } = taken;
  taken.stop(true);
  await Bun.write(
    join(folder, "gateway.yaml"),
    stringify({
      server: { host: "127.0.0.1", port, shutdown_timeout: "1s" },
      admin: { listen: "off" },
      logging: { database: join(folder, "gateway.db") },
      health_check: { enabled: false },
      routes: [{ path: "/api/*", backends: ["http://127.0.0.1:9"] }],
    }),
  );
  const child = Bun.spawn(["sh", "-c", script, await gatewayBinary()], {
    cwd: folder,
    env: { PATH: process.env["PATH"] ?? "" },
    stdin: "ignore",
    stdout: "ignore",
  });
  const numberIn = (name: string) =>
    eventually(async () => {
      const file = Bun.file(join(folder, name));
      const text = (await file.exists()) ? await file.text() : "";
      return text.endsWith("\n") && Number(text);
    });
  const pid = await numberIn("pid");
  const url = `http://127.0.0.1:${port}`;
  stage.defer(async () => {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended, as it should.
    }
    child.kill("SIGKILL");
    await child.exited;
  });
  await eventually(async () => {
    try {
      return (await ask(`${url}/health`)).ok;
    } catch {
      return false;
    }
  });
  return {
    url,
    pid,
    database: join(folder, "gateway.db"),
    out: join(folder, "out"),
    errors: () => Bun.file(join(folder, "errors")).text(),
    exitCode: () => numberIn("code"),
  };
}

const PATH = `/nowhere/${"x".repeat(4_000)}`;

/** Sends more than a pipe holds. */
async function fill(url: string): Promise<void> {
  for (let sent = 0; sent < 100; sent += 1) await (await ask(url + PATH)).bytes();
}

const rowsOf = (database: string): number => {
  using db = new Database(database, { readonly: true });
  return db.query<{ rows: number }, []>("SELECT count(*) AS rows FROM logs").get()?.rows ?? 0;
};

test("SIGTERM ends a gateway whose output is a full pipe that nobody reads, and no row is lost", async () => {
  const { url, pid, exitCode, errors, database } = await startWithPipe(stage);
  await fill(url);
  await ask(`${url}/last`);

  process.kill(pid, "SIGTERM");

  expect(await exitCode()).toBe(0);
  expect(rowsOf(database)).toBeGreaterThanOrEqual(102);
  expect(await errors()).toMatch(/^gateway: \d+ lines were not written: standard output was not/);
});

test("a second SIGTERM ends it at once", async () => {
  const { url, pid, exitCode } = await startWithPipe(stage);
  await fill(url);

  process.kill(pid, "SIGTERM");
  process.kill(pid, "SIGTERM");

  expect([0, 1]).toContain(await exitCode());
});

test("the lines that a reader missed are counted where they are missing", async () => {
  const { url, pid, exitCode, out } = await startWithPipe(stage);
  // 8 MiB wait, and what comes then is dropped.
  const clients = Array.from({ length: 8 }, async () => {
    for (let sent = 0; sent < 400; sent += 1) await (await ask(url + PATH)).bytes();
  });
  await Promise.all(clients);
  const reader = Bun.spawn(["cat", out], { stdout: "pipe" });
  const text = new Response(reader.stdout).text();
  stage.defer(() => reader.kill());
  await ask(`${url}/last`);

  process.kill(pid, "SIGTERM");

  expect(await exitCode()).toBe(0);
  const lines = (await text).split("\n");
  const missed = lines
    .map((line) => /^\((\d+) lines dropped: standard output is not being read/.exec(line)?.[1])
    .filter((count) => count !== undefined);
  expect(missed).toHaveLength(1);
  const shown = lines.filter((line) => line.includes("/nowhere/")).length;
  expect(shown + Number(missed[0])).toBeGreaterThanOrEqual(3_200);
  expect(lines.at(-2)).toMatch(/\[INFO\] stopped$/);
});

test("a reader that is gone keeps no request waiting, and the gateway ends in order", async () => {
  const { url, pid, exitCode, errors, database } = await startWithPipe(stage, READ_ONCE);
  await fill(url);

  process.kill(pid, "SIGTERM");

  expect(await exitCode()).toBe(0);
  expect(rowsOf(database)).toBeGreaterThanOrEqual(101);
  expect(await errors()).toMatch(/^gateway: \d+ lines were not written/);
});
