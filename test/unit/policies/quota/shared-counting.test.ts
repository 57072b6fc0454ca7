import { expect, test } from "bun:test";
import {
  type SharedStore,
  type StoreReply,
  type StoreScript,
  StoreUnavailable,
} from "../../../../src/pipeline/shared-store.ts";
import type { QuotaId } from "../../../../src/policies/quota/count-file.ts";
import { Ledger } from "../../../../src/policies/quota/ledger.ts";
import { QuotaCounts } from "../../../../src/policies/quota/quota-counts.ts";
import { LocalCounting } from "../../../../src/policies/quota/local-counting.ts";
import type { Draw } from "../../../../src/policies/quota/rule.ts";
import { ADJUST, DRAW, GIVE_BACK, LIST } from "../../../../src/policies/quota/shared/scripts.ts";
import { SharedCounting } from "../../../../src/policies/quota/shared/shared-counting.ts";
import { nextTurn } from "../../../../src/time/next-turn.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { MemoryFile } from "./memory-file.ts";

const ID: QuotaId = { name: "api", per: "month", timeZone: "UTC", key: "subject" };

/** Does for one quota what the scripts do; what they really do is tested with a server. */
class FakeStore implements SharedStore {
  onError: SharedStore["onError"] = "local";
  isAway = false;
  readonly used = new Map<string, number>();
  readonly granted = new Map<string, number>();
  readonly keys = new Set<string>();

  async run(
    script: StoreScript,
    keys: readonly string[],
    parameters: readonly (string | number)[],
  ): Promise<StoreReply> {
    await nextTurn();
    if (this.isAway) throw new StoreUnavailable("away");
    for (const key of keys) this.keys.add(key);
    const key = String(parameters[0]);
    const [, ...numbers] = parameters.map(Number);
    switch (script) {
      case DRAW: {
        const [limit = 0, cost = 0, known = 0, knownGranted = 0, more = 0] = numbers;
        const before = this.used.get(key);
        const granted = before === undefined ? knownGranted : (this.granted.get(key) ?? 0);
        const used = before === undefined ? known : before + more;
        const drawn = used + cost <= limit + granted;
        this.used.set(key, drawn ? used + cost : used);
        this.granted.set(key, granted);
        return [drawn ? 1 : 0, drawn ? used + cost : used, granted];
      }
      case GIVE_BACK:
        this.used.set(key, (this.used.get(key) ?? 0) - (numbers[0] ?? 0));
        return 1;
      case ADJUST:
        this.used.set(key, numbers[0] ?? 0);
        this.granted.set(key, numbers[1] ?? 0);
        return 1;
      case LIST:
        return [
          [...this.used].flatMap(([name, used]) => [name, used, this.granted.get(name) ?? 0]),
        ];
      default:
        throw new Error("unknown script");
    }
  }
}

function shared(limit = 10) {
  const clock = new FakeClock();
  const file = new MemoryFile();
  const ledger = new Ledger({ clock, log: () => {}, openFile: () => file });
  const store = new FakeStore();
  const counting = new SharedCounting(store, ledger);
  const counts = new QuotaCounts(ID, ledger);
  const rule = { limit, cost: 1, counts, itemName: "", keyOf: () => "acme", exempt: undefined };
  const drawOf = async (): Promise<Draw[]> => [
    { rule, count: await counts.find("acme", clock.wall()) },
  ];
  const draw = async () => counting.draw(await drawOf());
  const sheet = () => counts.sheetAt(clock.wall());
  return { store, counting, ledger, file, counts, drawOf, draw, sheet };
}

test("what the store says is decided by, and noted in this gateway's own counts", async () => {
  const { store, draw, drawOf, ledger, file } = shared(3);
  expect(await draw()).toBe(true);
  // Another gateway.
  store.used.set("acme", 2);
  expect([await draw(), await draw()]).toEqual([true, false]);
  expect((await drawOf())[0]?.count.used).toBe(3);
  await ledger.saved();
  expect(file.of("acme")).toEqual([[3, 0]]);
  expect([...store.keys].every((key) => key.includes('"api","month","UTC","subject"'))).toBe(true);
});

test("a store that does not know a key begins with what this gateway knows", async () => {
  const { store, draw, file, sheet } = shared(10);
  file.add({ sheet: sheet(), key: "acme" }, 7, 2);
  expect(await draw()).toBe(true);
  expect([store.used.get("acme"), store.granted.get("acme")]).toEqual([8, 2]);
});

test("without the store this gateway goes on, and what it has admitted is added once", async () => {
  const { store, draw } = shared(5);
  await draw();
  store.isAway = true;
  expect([await draw(), await draw()]).toEqual([true, true]);
  store.isAway = false;
  // Another gateway has admitted one meanwhile.
  store.used.set("acme", 2);
  expect(await Promise.all([draw(), draw()])).toEqual([true, false]);
  expect(store.used.get("acme")).toBe(5);
});

test("without the store this gateway admits no more than the quota", async () => {
  const { store, draw } = shared(2);
  store.isAway = true;
  expect([await draw(), await draw(), await draw()]).toEqual([true, true, false]);
});

test("without the store everything is admitted, or nothing, where the configuration says so", async () => {
  const { store, draw } = shared(1);
  store.isAway = true;
  store.onError = "allow";
  expect([await draw(), await draw()]).toEqual([true, true]);
  store.onError = "deny";
  const refusal: unknown = await draw().catch((error: unknown) => error);
  expect(refusal).toMatchObject({ code: "limits_unavailable" });
});

test("what is given back is given back where it was taken", async () => {
  const { store, counting, drawOf } = shared(10);
  const first = await drawOf();
  await counting.draw(first);
  counting.giveBack(first);
  await nextTurn();
  expect(store.used.get("acme")).toBe(0);

  await counting.draw(await drawOf());
  store.isAway = true;
  const second = await drawOf();
  await counting.draw(second);
  counting.giveBack(second);
  const third = await drawOf();
  store.isAway = false;
  await counting.draw(third);
  expect(store.used.get("acme")).toBe(2);
  store.isAway = true;
  counting.giveBack(third);
  await nextTurn();
  await nextTurn();
  store.isAway = false;
  await counting.draw(await drawOf());
  expect(store.used.get("acme")).toBe(2);
});

test("counts are listed and changed in the store", async () => {
  const { store, counting, draw, drawOf, sheet } = shared(10);
  await draw();
  store.used.set("globex", 5);
  const all = { key: undefined, offset: 0, limit: 10 };
  const listed = await counting.list([sheet()], all);
  expect(listed).toMatchObject({ isWhole: true, counts: [{ key: "globex" }, { key: "acme" }] });
  expect((await counting.list([sheet()], { ...all, offset: 1 })).counts).toMatchObject([
    { key: "acme", used: 1 },
  ]);
  const [{ count }] = (await drawOf()) as [Draw];
  expect(await counting.adjust(count, { used: 4, granted: 6 })).toBe(true);
  expect([store.used.get("acme"), store.granted.get("acme")]).toEqual([4, 6]);
  expect(count).toMatchObject({ used: 4, granted: 6 });

  store.isAway = true;
  expect(await counting.list([sheet()], all)).toMatchObject({
    isWhole: false,
    counts: [{ key: "acme", used: 4 }],
  });
  const refusal: unknown = await counting
    .adjust(count, { used: 0, granted: 0 })
    .catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(StoreUnavailable);
});

test("what is counted while the configuration has no store reaches the store when it has one again", async () => {
  const { store, draw, drawOf, ledger } = shared();
  const alone = new LocalCounting(ledger);
  alone.draw(await drawOf());
  // The store begins with what is known.
  expect(await draw()).toBe(true);
  expect(store.used.get("acme")).toBe(2);
  const draws = await drawOf();
  alone.draw(draws);
  alone.draw(await drawOf());
  alone.giveBack(draws);
  expect(await draw()).toBe(true);
  expect(store.used.get("acme")).toBe(4);
  expect(await draw()).toBe(true);
  expect(store.used.get("acme")).toBe(5);
});
