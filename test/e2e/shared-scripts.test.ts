import { afterAll, describe, expect, test } from "bun:test";
import { RedisClient } from "bun";
import type { StoreScript } from "../../src/pipeline/shared-store.ts";
import * as places from "../../src/policies/concurrency/shared-scripts.ts";
import * as buckets from "../../src/policies/limits/shared-scripts.ts";
import { BucketSize, TokenBucket } from "../../src/policies/limits/token-bucket.ts";
import { hasRedis, startRedis } from "../support/redis.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage(afterAll);
const client = hasRedis ? await connect() : undefined;

async function connect(): Promise<RedisClient> {
  const { socket } = await startRedis(stage);
  const client = new RedisClient(`redis+unix://localhost${socket}`);
  stage.defer(() => client.close());
  return client;
}

async function command(name: string, ...parameters: (string | number)[]): Promise<unknown> {
  const reply: unknown = await client?.send(name, parameters.map(String));
  return reply;
}

function run(
  source: string,
  keys: readonly string[],
  parameters: readonly (string | number)[],
): Promise<unknown> {
  return command("EVAL", source, keys.length, ...keys, ...parameters);
}

/** A script whose clock is its last two parameters: seconds and microseconds. */
function clocked({ source }: StoreScript): string {
  const changed = source.replaceAll("redis.call('TIME')", "{ ARGV[#ARGV - 1], ARGV[#ARGV] }");
  expect(changed).not.toBe(source);
  return changed;
}

/** Microseconds as TIME has them. */
function time(microseconds: number): [number, number] {
  return [Math.floor(microseconds / 1e6), microseconds % 1e6];
}

let keys = 0;
function newKey(): string {
  keys += 1;
  return `test:${keys}`;
}

describe.skipIf(!hasRedis)("the script of rate limits", () => {
  // What expires does so on the server's own clock, not on that of the test.
  const take = clocked(buckets.TAKE).replace(/, 'PX', [^)]*\)/, "");

  const sizes: readonly [rate: number, burst: number][] = [
    [10, 20],
    [100 / 60, 7],
    [1 / 3_600, 500],
    [1_000_000, 1_000_000],
    [0.123_456_789, 1_000_000],
    [Math.PI, 1_000],
    [333_333.333, 999_999],
  ];

  test.each(sizes)(
    "agrees with this gateway's own buckets to the part: %d/s, burst %d",
    async (rate, burst) => {
      const size = new BucketSize(rate, burst);
      const key = newKey();
      const start = Date.UTC(2026, 0, 1) * 1_000;
      const bucket = new TokenBucket(size, size.capacity, start / 1_000);
      let random = 12_345;
      const next = (below: number): number => {
        random = (random * 1_103_515_245 + 12_345) % 2 ** 31;
        return Math.floor((random / 2 ** 31) * below);
      };
      let now = start;
      for (let turn = 0; turn < 300; turn += 1) {
        // Mostly about as much as a token takes, sometimes until it is full.
        now += next(10) < 9 ? next((3 * 1e6) / rate) : Math.floor((burst / rate) * 1e6);
        const tokens = 1 + next(Math.max(1, burst / 3));
        const expected = bucket.take(now / 1_000, tokens);
        const cost = tokens * size.partsPerToken;
        const reply = await run(
          take,
          [key],
          [size.capacity, size.partsPerMicrosecond, cost, 0, ...time(now)],
        );
        expect(reply).toEqual([expected ? 1 : 0, bucket.level]);
      }
    },
  );

  test("takes from all buckets or from none", async () => {
    const [full, empty] = [newKey(), newKey()];
    const now = time(1e15);
    const of = (cost: number) => [10, 1, cost, 0];
    expect(await run(take, [empty], [...of(10), ...now])).toEqual([1, 0]);
    expect(await run(take, [full, empty], [...of(3), ...of(1), ...now])).toEqual([0, 10, 0]);
    expect(await run(take, [full], [...of(10), ...now])).toEqual([1, 0]);
  });

  test("lets a bucket owe what is allowed for those who wait, and no more", async () => {
    const key = newKey();
    const at = (now: number) => run(take, [key], [100, 1, 100, 250, ...time(now)]);
    expect(await at(1e15)).toEqual([1, 0]);
    expect(await at(1e15)).toEqual([1, -100]);
    expect(await at(1e15)).toEqual([1, -200]);
    expect(await at(1e15)).toEqual([0, -200]);
    expect(await at(1e15 + 50)).toEqual([1, -250]);
    expect(await at(1e15 + 350)).toEqual([1, -50]);
  });

  test("adds nothing for a clock that is set back, and goes on from there", async () => {
    const key = newKey();
    const at = (now: number, cost: number) => run(take, [key], [100, 1, cost, 0, ...time(now)]);
    expect(await at(1e15, 90)).toEqual([1, 10]);
    expect(await at(1e15 - 5e9, 20)).toEqual([0, 10]);
    expect(await at(1e15 - 5e9 + 10, 20)).toEqual([1, 0]);
  });

  test("writes nothing when it refuses, and lets a bucket expire when it is full", async () => {
    const key = newKey();
    // A part each microsecond, ten million of them: full after ten seconds.
    const once = [10_000_000, 1, 10_000_000, 0];
    expect(await run(buckets.TAKE.source, [key], once)).toEqual([1, 0]);
    const [written, left] = [await command("GET", key), await command("PTTL", key)];
    expect(left).toBeGreaterThan(5_000);
    expect(left).toBeLessThanOrEqual(10_001);
    const [admitted] = (await run(buckets.TAKE.source, [key], once)) as number[];
    expect(admitted).toBe(0);
    expect(await command("GET", key)).toBe(written as string);
  });

  test("goes by the server's clock, in microseconds", async () => {
    const key = newKey();
    const [before] = (await command("TIME")) as [string, string];
    await run(buckets.TAKE.source, [key], [1e15, 1, 1, 0]);
    const [, at = ""] = String(await command("GET", key)).split(" ");
    expect(Math.floor(Number(at) / 1e6) - Number(before)).toBeWithin(0, 60);
  });

  test("has tokens given back, up to a full bucket, and its time as it was", async () => {
    const key = newKey();
    await run(buckets.TAKE.source, [key], [100, 0.000_000_1, 70, 0]);
    const [, at] = String(await command("GET", key)).split(" ");
    await run(buckets.GIVE_BACK.source, [key, newKey()], [100, 20, 100, 20]);
    expect(await command("GET", key)).toBe(`50 ${at}`);
    await run(buckets.GIVE_BACK.source, [key], [100, 60]);
    expect(await command("GET", key)).toBe(`100 ${at}`);
    expect(await command("PTTL", key)).toBeGreaterThan(0);
  });
});

describe.skipIf(!hasRedis)("the scripts of limits of concurrency", () => {
  const take = clocked(places.TAKE);
  const renew = clocked(places.RENEW);
  const at = (milliseconds: number) => time(1e15 + milliseconds * 1_000);

  test("give places up to the limit, and again when one is released", async () => {
    const key = newKey();
    const ask = (member: string) => run(take, [key], [member, 2, 30_000, ...at(0)]);
    expect([await ask("a"), await ask("b"), await ask("c")]).toEqual([1, 1, 0]);
    await run(places.RELEASE.source, [key], ["a"]);
    expect([await ask("c"), await ask("d")]).toEqual([1, 0]);
  });

  test("give the places of a gateway that has died to others when their leases end", async () => {
    const key = newKey();
    const ask = (member: string, now: number) => run(take, [key], [member, 1, 30_000, ...at(now)]);
    expect(await ask("dead", 0)).toBe(1);
    expect(await ask("other", 29_999)).toBe(0);
    expect(await ask("other", 30_000)).toBe(1);
  });

  test("renew leases, those that got lost too", async () => {
    const [key, lost] = [newKey(), newKey()];
    await run(take, [key], ["a", 1, 30_000, ...at(0)]);
    await run(renew, [key, lost], [30_000, "a", "b", ...at(20_000)]);
    expect(await run(take, [key], ["c", 1, 30_000, ...at(49_999)])).toBe(0);
    expect(await run(take, [lost], ["c", 1, 30_000, ...at(49_999)])).toBe(0);
    expect(await run(take, [key], ["c", 1, 30_000, ...at(50_000)])).toBe(1);
  });

  test("leave nothing behind: the last lease's end is that of its set", async () => {
    const key = newKey();
    await run(places.TAKE.source, [key], ["a", 1, 30_000]);
    expect(await command("PTTL", key)).toBeWithin(20_000, 30_001);
  });
});
