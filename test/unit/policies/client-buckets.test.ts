import { describe, expect, test } from "bun:test";
import { ClientBuckets } from "../../../src/policies/client-buckets.ts";
import { BucketSize } from "../../../src/policies/token-bucket.ts";

/** Buckets of three tokens that fill in three seconds. */
const buckets = (clientsAtMost: number) => new ClientBuckets(new BucketSize(1, 3), clientsAtMost);

function spend(of: ClientBuckets, client: string, now: number): number {
  const bucket = of.bucketFor(client, now);
  let admitted = 0;
  while (bucket.take(now)) admitted += 1;
  return admitted;
}

describe("buckets by client", () => {
  test("each client has its own", () => {
    const held = buckets(10);
    expect(spend(held, "192.0.2.1", 0)).toBe(3);
    expect(spend(held, "192.0.2.2", 0)).toBe(3);
    expect(spend(held, "192.0.2.1", 0)).toBe(0);
  });

  test("a client never gains by the passing of time more than the rate brings", () => {
    const held = buckets(10);
    let admitted = 0;
    for (let now = 0; now <= 60_000; now += 250) admitted += spend(held, "192.0.2.1", now);
    expect(admitted).toBe(3 + 60);
  });

  test("clients that have been silent until their buckets are full are forgotten", () => {
    const held = buckets(1000);
    for (let client = 0; client < 100; client += 1) spend(held, `192.0.2.${client}`, 0);
    expect(held.count).toBe(100);
    spend(held, "198.51.100.1", 3000);
    spend(held, "198.51.100.1", 6000);
    expect(held.count).toBe(1);
  });

  test("no more clients are held than allowed, however many come", () => {
    const held = buckets(100);
    for (let client = 0; client < 10_000; client += 1) {
      spend(held, `client-${client}`, 0);
      expect(held.count).toBeLessThanOrEqual(100);
    }
  });

  test("a client among a crowd is remembered while fewer than half the bound come between", () => {
    const held = buckets(100);
    expect(spend(held, "192.0.2.1", 0)).toBe(3);
    for (let round = 0; round < 20; round += 1) {
      for (let client = 0; client < 49; client += 1) spend(held, `${round}-${client}`, 0);
      expect(spend(held, "192.0.2.1", 0)).toBe(0);
    }
  });

  test("a client that a crowd has pushed out comes back to a full bucket", () => {
    const held = buckets(100);
    expect(spend(held, "192.0.2.1", 0)).toBe(3);
    for (let client = 0; client < 100; client += 1) spend(held, `crowd-${client}`, 0);
    expect(spend(held, "192.0.2.1", 0)).toBe(3);
  });

  test("addresses of one IPv6 /64 are one client", () => {
    const held = buckets(10);
    expect(spend(held, "2001:db8:0:1::1", 0)).toBe(3);
    expect(spend(held, "2001:db8:0:1:ffff::7", 0)).toBe(0);
    expect(spend(held, "2001:db8:0:2::1", 0)).toBe(3);
  });
});
