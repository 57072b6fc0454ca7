import { describe, expect, test } from "bun:test";
import { KeyedBuckets } from "../../../../src/policies/limits/keyed-buckets.ts";
import { Room } from "../../../../src/policies/limits/room.ts";
import { BucketSize } from "../../../../src/policies/limits/token-bucket.ts";

/** Buckets of three tokens that fill in three seconds. */
const buckets = (own: number, shared = 4, room = new Room(1e6)) =>
  new KeyedBuckets(new BucketSize(1, 3), { random: () => 0.5, room }, { own, shared });

function spend(of: KeyedBuckets, key: string, now: number, most = Infinity): number {
  const bucket = of.bucketFor(key, now);
  let admitted = 0;
  while (admitted < most && bucket.take(now)) admitted += 1;
  return admitted;
}

describe("buckets by key", () => {
  test("each key has its own", () => {
    const held = buckets(10);
    expect(spend(held, "a", 0)).toBe(3);
    expect(spend(held, "b", 0)).toBe(3);
    expect(spend(held, "a", 0)).toBe(0);
  });

  test("a key never gains by the passing of time more than the rate brings", () => {
    const held = buckets(10);
    let admitted = 0;
    for (let now = 0; now <= 60_000; now += 250) {
      admitted += spend(held, "a", now);
      spend(held, `other-${now}`, now);
    }
    expect(admitted).toBe(3 + 60);
  });

  test("keys whose buckets are full again make room for others", () => {
    const held = buckets(10_000);
    for (let key = 0; key < 2_000; key += 1) spend(held, `early-${key}`, 0);
    expect(held.count).toBe(2_000);
    for (let key = 0; key < 2_000; key += 1) spend(held, `late-${key}`, 3000);
    expect(held.count).toBe(2_000);
  });
});

describe("under a flood of keys", () => {
  test("memory is bounded", () => {
    const held = buckets(100, 10);
    for (let key = 0; key < 10_000; key += 1) {
      spend(held, `flood-${key}`, 0);
      expect(held.count).toBeLessThanOrEqual(110);
    }
  });

  test("a debt is kept until it is paid", () => {
    const held = buckets(100);
    expect(spend(held, "debtor", 0)).toBe(3);
    for (let now = 0; now < 2_990; now += 10) {
      for (let key = 0; key < 100; key += 1) spend(held, `${now}-${key}`, now, 1);
    }
    expect(spend(held, "debtor", 2_990)).toBe(2);
  });

  test("a key with a bucket of its own gets what it would without the flood", () => {
    const held = buckets(100);
    let admitted = spend(held, "steady", 0, 1);
    for (let now = 250; now <= 30_000; now += 250) {
      for (let key = 0; key < 200; key += 1) spend(held, `${now}-${key}`, now, 1);
      admitted += spend(held, "steady", now, 1);
    }
    expect(admitted).toBe(3 + 30);
  });

  test("new keys share what is left, and get no more than a bucket each would give them", () => {
    const held = buckets(10, 1);
    for (let key = 0; key < 10; key += 1) spend(held, `flood-${key}`, 0);
    expect(spend(held, "new-1", 0, 2)).toBe(2);
    expect(spend(held, "new-2", 0)).toBe(1);
    expect(spend(held, "new-1", 0)).toBe(0);
    expect(spend(held, "new-1", 1000)).toBe(1);
  });

  test("a million keys take bounded memory, flush no debt, and leave most newcomers their first request", () => {
    const held = new KeyedBuckets(new BucketSize(1 / 360, 20), {
      random: () => 0.5,
      room: new Room(1e6),
    });
    expect(spend(held, "debtor", 0)).toBe(20);
    spend(held, "known", 0, 5);
    for (let key = 0; key < 1_000_000; key += 1) held.bucketFor(`flood-${key}`, 1000).take(1000);
    expect(held.count).toBeLessThanOrEqual(100_000 + 65_536);
    expect(spend(held, "debtor", 1000)).toBe(0);
    expect(spend(held, "known", 1000)).toBe(15);
    let admitted = 0;
    for (let key = 0; key < 1000; key += 1) admitted += spend(held, `new-${key}`, 1000, 1);
    expect(admitted).toBeGreaterThan(850);
    // Of an hour, a tenth brings each bucket a token, and the keys with buckets of their own are rid of debt.
    admitted = 0;
    for (let key = 0; key < 1000; key += 1) admitted += spend(held, `late-${key}`, 361_000, 1);
    expect(admitted).toBeGreaterThan(990);
  }, 60_000);

  test("new keys together are admitted at the rate of all shared buckets", () => {
    const held = buckets(10, 8);
    for (let key = 0; key < 10; key += 1) spend(held, `flood-${key}`, 0);
    for (let key = 0; key < 1000; key += 1) spend(held, `drain-${key}`, 0);
    for (let now = 250; now < 3000; now += 250) {
      let admitted = 0;
      for (let key = 0; key < 1000; key += 1) admitted += spend(held, `${now}-${key}`, now);
      expect(admitted).toBe(now % 1000 === 0 ? 8 : 0);
    }
  });

  test("a key that gets a bucket of its own still owes what it owed in a shared one", () => {
    const held = buckets(1, 1);
    spend(held, "flood", 0);
    expect(spend(held, "new", 2500)).toBe(3);
    expect(spend(held, "new", 3500)).toBe(1);
  });
});

describe("limits that share room", () => {
  /** Has so many keys with a debt. */
  function flooded(room: Room, keys: number): KeyedBuckets {
    const held = buckets(1_000_000, 65_536, room);
    for (let key = 0; key < keys; key += 1) spend(held, `flood-${key}`, 0);
    return held;
  }

  test("hold no more buckets together than it has, besides a thousand each", () => {
    const room = new Room(5_000);
    const all = [4_000, 4_000, 4_000].map((keys) => flooded(room, keys));
    expect(all.map(({ count }) => count)).toEqual([4_000, 3_000, 1_000]);
    for (const held of all) expect(spend(held, "flood-7", 0)).toBe(0);
  });

  test("each admit new keys in it or not, which get no more than they should", () => {
    const room = new Room(1_000);
    flooded(room, 2_000);
    const held = flooded(room, 1_000);
    expect(spend(held, "new", 0)).toBe(3);
    expect(spend(held, "new", 0)).toBe(0);
    expect(spend(held, "new", 1000)).toBe(1);
    expect(held.count).toBe(1_000);
  });

  test("get it back of those whose buckets are full, or that are closed", () => {
    const room = new Room(2_000);
    const early = flooded(room, 3_000);
    expect(early.count).toBe(3_000);
    const late = buckets(1_000_000, 65_536, room);
    for (let key = 0; key < 3_000; key += 1) spend(late, `late-${key}`, 3000);
    expect(late.count).toBeGreaterThan(2_900);
    late.close();
    expect(flooded(room, 2_900).count).toBe(2_900);
  });

  test("give up shared buckets that are full", () => {
    const room = new Room(4_000);
    const held = new KeyedBuckets(
      new BucketSize(1, 3),
      { random: () => 0.5, room },
      { own: 1_000, shared: 20_000 },
    );
    for (let key = 0; key < 4_000; key += 1) spend(held, `flood-${key}`, 0);
    expect(held.count).toBeGreaterThan(3_000);
    for (let key = 0; key < 8_000; key += 1) held.bucketFor(`late-${key}`, 3000);
    expect(held.count).toBeLessThanOrEqual(1_000);
  });
});
