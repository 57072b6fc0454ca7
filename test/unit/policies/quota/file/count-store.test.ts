import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { QuotaId, SheetId } from "../../../../../src/policies/quota/count-file.ts";
import { CountStore } from "../../../../../src/policies/quota/file/count-store.ts";
import type { PackedCounts } from "../../../../../src/policies/quota/file/messages.ts";
import { createStage } from "../../../../support/stage.ts";

const stage = createStage();
const NOW = Date.UTC(2026, 0, 10, 12);
const DAY = 86_400_000;

const quota = (changes: Partial<QuotaId> = {}): QuotaId => ({
  name: "api",
  per: "day",
  timeZone: "UTC",
  key: "subject",
  ...changes,
});

const sheet = (of: QuotaId = quota(), day = 10): SheetId => ({
  quota: of,
  begins: Date.UTC(2026, 0, day),
  ends: Date.UTC(2026, 0, day + 1),
});

/** Rows of a sheet: key, used, granted. */
function packed(
  of: SheetId,
  ...rows: readonly (readonly [string, number?, number?])[]
): PackedCounts {
  return {
    sheets: [of],
    keys: rows.map(([key]) => key),
    numbers: new Float64Array(rows.flatMap(([, used = 0, granted = 0]) => [0, used, granted])),
  };
}

function openStore({ file = join(stage.folder(), "quotas.db"), most = 1_000_000 } = {}) {
  const store = CountStore.open(file, false, most);
  stage.defer(() => store.close());
  return { store, file };
}

const ALL = { key: undefined, offset: 0, limit: 100 };

describe("the file of counts", () => {
  test("adds changes to what there is, and returns what that makes", () => {
    const { store } = openStore();
    expect(store.isEmpty).toBe(true);
    const changes = packed(sheet(), ["alice", 3], ["bob", 1, 5]);
    expect([...store.save(changes, NOW)]).toEqual([3, 0, 1, 5]);
    expect([...store.save(changes, NOW)]).toEqual([6, 0, 2, 10]);
    expect([...store.save(packed(sheet(), ["alice", -10], ["bob", 0, -20]), NOW)]).toEqual([
      0, 0, 2, 0,
    ]);
    expect(store.isEmpty).toBe(false);
  });

  test("finds what was saved, by quota, period and key, after it was opened again too", () => {
    const { store, file } = openStore();
    store.save(packed(sheet(), ["alice", 3]), NOW);
    const find = (from: CountStore, of: SheetId, key: string) => [...from.find(packed(of, [key]))];
    store.close();
    const again = openStore({ file }).store;
    expect(find(again, sheet(), "alice")).toEqual([3, 0]);
    for (const other of [
      sheet(quota(), 11),
      sheet(quota({ name: "other" })),
      sheet(quota({ per: "week" })),
      sheet(quota({ timeZone: "Europe/Berlin" })),
      sheet(quota({ key: "all" })),
    ]) {
      expect(find(again, other, "alice")).toEqual([0, 0]);
    }
    expect(find(again, sheet(), "bob")).toEqual([0, 0]);
  });

  test("keeps large counts and texts of any kind exactly", () => {
    const { store } = openStore();
    const most = 2 ** 53 - 1;
    const keys = ["", "ключ", "'; DROP TABLE counts; --", "\u{1F600}"];
    store.save(packed(sheet(), ...keys.map((key) => [key, most] as const)), NOW);
    const found = store.find(packed(sheet(), ...keys.map((key) => [key] as const)));
    expect([...found]).toEqual(keys.flatMap(() => [most, 0]));
  });

  test("lists those that have used most first, in pages", () => {
    const { store } = openStore();
    const [one, other] = [sheet(), sheet(quota({ name: "other" }))];
    store.save(packed(one, ["alice", 3], ["bob", 9], ["carol", 5]), NOW);
    store.save(packed(other, ["alice", 7]), NOW);
    store.save(packed(sheet(quota(), 9), ["old", 100]), NOW);
    const list = (query: Partial<typeof ALL> | { key: string }, sheets = [one, other]) =>
      store.list(sheets, { ...ALL, ...query }).map(({ sheet, key, used }) => [sheet, key, used]);
    expect(list({})).toEqual([
      [0, "bob", 9],
      [1, "alice", 7],
      [0, "carol", 5],
      [0, "alice", 3],
    ]);
    expect(list({ limit: 2, offset: 1 })).toEqual([
      [1, "alice", 7],
      [0, "carol", 5],
    ]);
    expect(list({ key: "alice" })).toEqual([
      [1, "alice", 7],
      [0, "alice", 3],
    ]);
    expect(list({}, [sheet(quota({ name: "unknown" })), other])).toEqual([[1, "alice", 7]]);
    expect(list({ limit: 2, offset: 1 }, [one])).toEqual([
      [0, "carol", 5],
      [0, "alice", 3],
    ]);
    expect(list({ key: "bob" }, [one])).toEqual([[0, "bob", 9]]);
    expect(list({}, [sheet(quota({ name: "unknown" }))])).toEqual([]);
  });

  test("is readable for its owner alone, and for people who open it", () => {
    const { store, file } = openStore();
    store.save(packed(sheet(), ["alice", 3]), NOW);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    using db = new Database(file, { readonly: true });
    expect(db.query("SELECT * FROM usage").all()).toEqual([
      {
        quota: "api",
        per: "day",
        key: "alice",
        used: 3,
        granted: 0,
        begins: "2026-01-10 00:00:00",
        ends: "2026-01-11 00:00:00",
        changed: "2026-01-10 12:00:00",
      },
    ]);
  });

  test("forgets counts two days after their period", async () => {
    const { store } = openStore();
    for (const day of [7, 8, 9]) store.save(packed(sheet(quota(), day), ["alice", day]), NOW);
    await store.maintain(Date.UTC(2026, 0, 10) + 1);
    const used = [7, 8, 9].map((day) => store.find(packed(sheet(quota(), day), ["alice"]))[0]);
    expect(used).toEqual([0, 8, 9]);
    await store.maintain(NOW + 30 * DAY);
    expect(store.isEmpty).toBe(true);
  });

  test("keeps the keys that have used most when there are too many", async () => {
    const { store } = openStore({ most: 100 });
    const rows = Array.from({ length: 3_000 }, (_, index) => [`key ${index}`, index + 1] as const);
    store.save(packed(sheet(), ...rows), NOW);
    store.save(packed(sheet(quota({ name: "other" })), ["alice", 1]), NOW);
    await store.maintain(NOW);
    const left = store.list([sheet()], { ...ALL, limit: 1_000 });
    expect(left).toHaveLength(100);
    expect(left.at(-1)).toMatchObject({ key: "key 2900", used: 2_901 });
    expect([...store.find(packed(sheet(quota({ name: "other" })), ["alice"]))]).toEqual([1, 0]);
  });

  test("is not another program's database, nor a newer gateway's", () => {
    const file = join(stage.folder(), "quotas.db");
    const change = (sql: string) => {
      using db = new Database(file);
      db.run(sql);
    };
    change("CREATE TABLE notes (text)");
    expect(() => CountStore.open(file)).toThrow('with a table "notes" and no table "counts"');
    change("DROP TABLE notes");
    change("PRAGMA user_version = 2");
    expect(() => CountStore.open(file)).toThrow("it was written by a newer gateway");
  });
});
