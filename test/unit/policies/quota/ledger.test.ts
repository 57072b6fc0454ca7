import { expect, test } from "bun:test";
import { nextTurn } from "../../../../src/time/next-turn.ts";
import type { Count } from "../../../../src/policies/quota/count.ts";
import type { QuotaId } from "../../../../src/policies/quota/count-file.ts";
import { Ledger } from "../../../../src/policies/quota/ledger.ts";
import { QuotaCounts } from "../../../../src/policies/quota/quota-counts.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { MemoryFile } from "./memory-file.ts";

const DAY = 86_400_000;
const DAILY: QuotaId = { name: "api", per: "day", timeZone: "UTC", key: "subject" };

function open({ most = 1_000, file = new MemoryFile(), clock = new FakeClock() } = {}) {
  const messages: string[] = [];
  const ledger = new Ledger({
    clock,
    log: (level, message) => messages.push(`${level}: ${message}`),
    openFile(onEmpty) {
      file.onEmpty = onEmpty;
      return file;
    },
    most,
  });
  const counts = new QuotaCounts(DAILY, ledger);
  const find = async (key: string): Promise<Count> => counts.find(key, clock.wall());
  const use = async (key: string, used = 1): Promise<number> => {
    const count = await find(key);
    ledger.change(count, used);
    return count.used;
  };
  /** Lets the interval pass after which changes are written, and what follows happen. */
  const settle = async () => {
    clock.advance(500);
    await nextTurn();
    await nextTurn();
  };
  return { ledger, counts, file, clock, find, use, settle, messages };
}

test("a count goes on where the file has it", async () => {
  const { file, use, settle, counts, clock } = open();
  file.add({ sheet: counts.sheetAt(clock.wall()), key: "alice" }, 41, 7);
  expect(await use("alice")).toBe(42);
  await settle();
  expect(file.of("alice")).toEqual([[42, 7]]);
});

test("a key is looked up once, however many requests come meanwhile, and others with it", async () => {
  const { file, use } = open();
  const used = await Promise.all([use("alice"), use("alice"), use("bob"), use("alice")]);
  expect(used.toSorted((one, other) => one - other)).toEqual([1, 1, 2, 3]);
  expect(file.lookups).toBe(2);
  expect(await use("alice")).toBe(4);
  expect(file.lookups).toBe(2);
});

test("what is in memory is found at once", async () => {
  const { counts, clock, find } = open();
  const count = await find("alice");
  expect(counts.find("alice", clock.wall())).toBe(count);
});

test("changes are written together, half a second after the first", async () => {
  const { file, use, clock, settle } = open();
  await use("alice");
  await use("bob");
  await use("alice");
  clock.advance(499);
  await nextTurn();
  expect(file.writes).toBe(0);
  await settle();
  expect(file.writes).toBe(2);
  expect([file.of("alice"), file.of("bob")]).toEqual([[[2, 0]], [[1, 0]]]);
});

test("more changes than a batch holds are all written", async () => {
  const { file, use, ledger } = open({ most: 10_000 });
  await Promise.all(Array.from({ length: 4_500 }, (_, index) => use(`key ${index}`)));
  expect(await ledger.saved()).toBe(true);
  expect(file.writes).toBe(4_500);
});

test("what another process has written is added when a change is saved", async () => {
  const { file, use, settle, find, counts, clock } = open();
  await use("alice");
  file.add({ sheet: counts.sheetAt(clock.wall()), key: "alice" }, 10);
  await settle();
  expect((await find("alice")).used).toBe(11);
});

test("what is counted while changes are being written is not lost", async () => {
  const { file, use, settle, find } = open();
  await use("alice");
  file.isStuck = true;
  await settle();
  await use("alice", 2);
  file.isStuck = false;
  await nextTurn();
  expect((await find("alice")).used).toBe(3);
  await settle();
  expect(file.of("alice")).toEqual([[3, 0]]);
});

test("nothing is given back beyond what was used", async () => {
  const { ledger, find, file, settle } = open();
  const count = await find("alice");
  ledger.change(count, 1);
  ledger.change(count, -5, -3);
  expect(count).toMatchObject({ used: 0, granted: 0 });
  ledger.change(count, 2);
  await settle();
  expect(file.of("alice")).toEqual([[2, 0]]);
});

test("a new period begins at nothing, without a question to the file", async () => {
  const { file, use, clock, settle } = open();
  await use("alice", 5);
  await settle();
  clock.advance(DAY);
  expect(await use("alice")).toBe(1);
  expect(file.lookups).toBe(1);
  await settle();
  expect(file.of("alice")).toEqual([
    [5, 0],
    [1, 0],
  ]);
});

test("a clock that is set back finds the period before as it was", async () => {
  const clock = new FakeClock(Date.UTC(2026, 0, 10));
  const { file, counts, ledger } = open({ clock });
  const use = async (now: number) => {
    const count = await counts.find("alice", now);
    ledger.change(count, 1);
    return count.used;
  };
  await use(Date.UTC(2026, 0, 10));
  await use(Date.UTC(2026, 0, 10));
  await use(Date.UTC(2026, 0, 11));
  await ledger.saved();
  expect(await use(Date.UTC(2026, 0, 10, 23))).toBe(3);
  await ledger.saved();
  expect(file.of("alice")).toEqual([
    [3, 0],
    [1, 0],
  ]);
});

test("a file that does not answer keeps requests for a second at first, and then none", async () => {
  const { file, clock, use, find, settle, messages } = open();
  file.isStuck = true;
  const waiting = use("alice");
  await nextTurn();
  clock.advance(999);
  await nextTurn();
  clock.advance(1);
  expect(await waiting).toBe(1);
  expect(await use("bob")).toBe(1);
  expect(messages).toEqual([]);

  // When it does, what it had is added.
  file.add({ sheet: (await find("alice")).sheet, key: "alice" }, 10);
  file.isStuck = false;
  await nextTurn();
  await settle();
  await settle();
  expect((await find("alice")).used).toBe(11);
  const lookups = file.lookups;
  await find("carol");
  expect(file.lookups).toBe(lookups + 1);
});

test("a file that cannot be read keeps nobody, and what it had is added later", async () => {
  const { file, use, find, settle } = open();
  const { sheet } = await find("zoe");
  file.add({ sheet, key: "alice" }, 10);
  file.isUnreadable = true;
  expect(await use("alice")).toBe(1);
  file.isUnreadable = false;
  await settle();
  expect((await find("alice")).used).toBe(11);
});

test("what may not have been written is written again, and what cannot be is given up", async () => {
  const { file, use, settle, find } = open();
  file.outcomes.push("lost", "refused");
  await use("alice", 3);
  await settle();
  expect(file.of("alice")).toEqual([]);
  await settle();
  expect(file.of("alice")).toEqual([]);
  expect((await find("alice")).used).toBe(3);
  await use("alice");
  await settle();
  expect(file.of("alice")).toEqual([[1, 0]]);
});

test("a file that has lost everything is given what is in memory", async () => {
  const { file, use, settle, find, ledger } = open();
  await use("alice", 3);
  ledger.change(await find("bob"), 0, 5);
  await settle();
  file.empty();
  await settle();
  expect([file.of("alice"), file.of("bob")]).toEqual([[[3, 0]], [[0, 5]]]);
  expect((await find("alice")).used).toBe(3);
});

test("counts beyond what memory may hold are forgotten there, and found in the file", async () => {
  const { file, use, ledger, find } = open({ most: 100 });
  await use("alice", 7);
  await ledger.saved();
  for (let index = 0; index < 500; index += 1) {
    await use(`key ${index}`);
    if (index % 20 === 0) await ledger.saved();
  }
  await ledger.saved();
  expect(ledger.size).toBeLessThanOrEqual(150);
  expect((await find("alice")).used).toBe(7);
  expect(file.of("key 250")).toEqual([[1, 0]]);
});

test("a flood of keys while the file is away costs bounded memory, and no key that has used much", async () => {
  const { file, use, ledger, clock, find, messages } = open({ most: 100 });
  file.isStuck = true;
  const waiting = use("alice", 50);
  await nextTurn();
  clock.advance(1_000);
  await waiting;
  for (let index = 0; index < 1_000; index += 1) await use(`key ${index}`);
  expect(ledger.size).toBeLessThanOrEqual(150);
  expect((await find("alice")).used).toBe(50);
  expect(messages).toEqual([
    "error: quotas: more than 100 counts wait for the file; those with the least use are forgotten",
  ]);
});

test("closing writes everything, and closes the file", async () => {
  const { file, use, ledger, messages, clock } = open();
  await use("alice", 3);
  await ledger.close();
  expect(file.of("alice")).toEqual([[3, 0]]);
  expect(file.isClosed).toBe(true);
  expect(messages).toEqual([]);
  await ledger.close();
  await use("alice");
  expect(clock.pending).toBe(0);
});

test("closing waits for a file that does not answer, for some seconds, and says what is lost", async () => {
  const { file, use, ledger, messages, clock } = open();
  await use("alice", 3);
  file.isStuck = true;
  const closed = ledger.close();
  await nextTurn();
  clock.advance(5_000);
  await closed;
  expect(messages).toEqual([
    "error: quotas: the last requests of 1 key are not in the file: it could not be written",
  ]);
});
