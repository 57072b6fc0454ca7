import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../../../../src/time/clock.ts";
import { nextTurn } from "../../../../../src/time/next-turn.ts";
import type { SheetId } from "../../../../../src/policies/quota/count-file.ts";
import { createQuotaWorker } from "../../../../../src/policies/quota/file/create-worker.ts";
import { WorkerFile } from "../../../../../src/policies/quota/file/worker-file.ts";
import { eventually } from "../../../../support/eventually.ts";
import { FakeClock } from "../../../../support/fake-clock.ts";
import { createStage } from "../../../../support/stage.ts";

const stage = createStage();

const sheet: SheetId = {
  quota: { name: "api", per: "day", timeZone: "UTC", key: "subject" },
  begins: Date.UTC(2126, 0, 10),
  ends: Date.UTC(2126, 0, 11),
};
const place = (key: string) => ({ sheet, key });
const change = (key: string, used: number, granted = 0) => ({ sheet, key, used, granted });
const ALL = { key: undefined, offset: 0, limit: 10 };

function openFile(database = join(stage.folder(), "quotas.db"), createWorker = createQuotaWorker) {
  const messages: string[] = [];
  let empties = 0;
  const clock = systemClock;
  const file = new WorkerFile({
    database,
    clock,
    log: (level, message) => messages.push(`${level}: ${message}`),
    onEmpty: () => (empties += 1),
    createWorker,
  });
  stage.defer(() => file.close(1_000));
  return { file, database, messages, empties: () => empties };
}

test("a worker saves, finds and lists counts, and a new file is reported as empty", async () => {
  const { file, empties, database } = openFile();
  expect(await file.find([place("alice"), place("bob")])).toEqual([
    { used: 0, granted: 0 },
    { used: 0, granted: 0 },
  ]);
  expect(empties()).toBe(1);
  expect(await file.save([change("alice", 3, 1), change("bob", 5)])).toEqual([
    { used: 3, granted: 1 },
    { used: 5, granted: 0 },
  ]);
  expect(await file.list([sheet], ALL)).toEqual([change("bob", 5), change("alice", 3, 1)]);
  await file.close(1_000);

  const again = openFile(database);
  expect(await again.file.find([place("alice")])).toEqual([{ used: 3, granted: 1 }]);
  expect(again.empties()).toBe(0);
});

test("a file that was removed is begun again, and reported as empty", async () => {
  const { file, database, empties, messages } = openFile();
  await file.save([change("alice", 3)]);
  for (const ending of ["", "-wal", "-shm"]) rmSync(database + ending, { force: true });
  await eventually(() => empties() === 2);
  expect(messages).toEqual([
    expect.stringContaining("warn: quotas: quotas.db was moved or removed while in use"),
  ]);
  expect(await file.save([change("alice", 4)])).toEqual([{ used: 4, granted: 0 }]);
});

test("a damaged file is set aside when that shows in reading", async () => {
  const { file, database, empties } = openFile();
  const keys = Array.from({ length: 5_000 }, (_, index) => change(`key ${index}`, 1));
  await file.save(keys);
  await file.close(1_000);
  {
    using db = new Database(database);
    db.run("PRAGMA busy_timeout = 30000");
    db.run("PRAGMA wal_checkpoint(TRUNCATE)");
  }
  const bytes = Buffer.from(await Bun.file(database).bytes());
  bytes.fill(0x5a, 4096 * 3);
  await Bun.write(database, bytes);
  const again = openFile(database);
  await eventually(() => again.empties() === 1);
  expect(again.messages[0]).toContain("is damaged");
  expect(empties()).toBe(1);
  expect(await again.file.save([change("alice", 1)])).toEqual([{ used: 1, granted: 0 }]);
});

test("a folder that is missing is reported once, and nothing can be read meanwhile", async () => {
  const { file, messages } = openFile(join(stage.folder(), "missing", "quotas.db"));
  expect(await file.find([place("alice")])).toBeUndefined();
  expect(await file.list([sheet], ALL)).toBeUndefined();
  expect(messages).toEqual([
    expect.stringMatching(
      /^error: quotas: cannot write to .*, counts go on in memory: unable to open/,
    ),
  ]);
});

/** A worker that answers nothing but that it is ready. */
function silentWorker(): Worker {
  const worker = new EventTarget();
  const postMessage = ({ kind }: { kind: string }) => {
    const ready = new MessageEvent("message", { data: { kind: "ready" } });
    if (kind === "open") queueMicrotask(() => worker.dispatchEvent(ready));
  };
  return Object.assign(worker, { postMessage, terminate() {} }) as unknown as Worker;
}

test("a worker that dies loses its questions and its batch, and another one starts", async () => {
  const first = silentWorker();
  let started = 0;
  const { file, messages } = openFile(undefined, () => {
    started += 1;
    return started === 1 ? first : createQuotaWorker();
  });
  await nextTurn();
  const asked = [file.find([place("alice")]), file.list([sheet], ALL)];
  const saved = file.save([change("alice", 1)]);
  first.dispatchEvent(new Event("close"));
  expect(await Promise.all(asked)).toEqual([undefined, undefined]);
  expect(await saved).toBe("lost");
  expect(messages).toEqual([
    "error: quotas: the worker died (it exited); another starts in 100 ms, counts go on in memory",
  ]);
  expect(await file.save([change("alice", 1)])).toEqual([{ used: 1, granted: 0 }]);
});

test("closing ends by its deadline, whatever the worker does", async () => {
  const clock = new FakeClock();
  const file = new WorkerFile({
    database: "quotas.db",
    clock,
    log: () => {},
    onEmpty: () => {},
    createWorker: silentWorker,
  });
  const found = file.find([place("alice")]);
  const closed = file.close(500);
  clock.advance(500);
  await closed;
  expect(await found).toBeUndefined();
  expect(clock.pending).toBe(0);
});
