import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  clientNetwork,
  isLoopback,
  normalizeAddress,
  parseNetwork,
} from "../../../src/http/address.ts";
import { addressSet } from "../../support/address-set.ts";

describe("an address in one spelling", () => {
  test.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
    ["2001:db8::1", "2001:db8::1"],
    ["::1", "::1"],
    ["", ""],
  ])("is, for %p, %p", (written, normal) => {
    expect(normalizeAddress(written)).toBe(normal);
  });

  test.each(["::ffff:c000:201", "0:0:0:0:0:ffff:192.0.2.1"])(
    "is the IPv4 address for %p, which is 192.0.2.1 as well",
    (written) => {
      expect(normalizeAddress(written)).toBe("192.0.2.1");
    },
  );
});

describe("a set of addresses", () => {
  const set = addressSet(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"]);

  test.each(["10.0.0.0", "10.255.255.255", "192.0.2.7", "2001:db8::", "2001:db8:ffff::1", "::1"])(
    "has %p",
    (address) => {
      expect(set.has(address)).toBe(true);
    },
  );

  test.each(["9.255.255.255", "11.0.0.0", "192.0.2.8", "2001:db9::", "::2", "::", "127.0.0.1"])(
    "has not %p",
    (address) => {
      expect(set.has(address)).toBe(false);
    },
  );

  test.each(["", "unknown", "10.0.0", "10.0.0.1:80", "_hidden", "[::1]"])(
    "has not %p, which is no address",
    (text) => {
      expect(set.has(text)).toBe(false);
    },
  );

  test("answers the same when asked again", () => {
    expect([set.has("10.1.2.3"), set.has("10.1.2.3")]).toEqual([true, true]);
    expect([set.has("8.8.8.8"), set.has("8.8.8.8")]).toEqual([false, false]);
  });

  test("answers rightly after more addresses than it remembers", () => {
    const fresh = addressSet(["10.0.0.0/16"]);
    for (let low = 0; low < 1_500; low += 1) {
      expect(fresh.has(`10.0.${low >> 8}.${low & 255}`)).toBe(true);
      expect(fresh.has(`10.1.${low >> 8}.${low & 255}`)).toBe(false);
    }
  });

  test("without members has nobody", () => {
    const empty = addressSet([]);
    expect(empty.isEmpty).toBe(true);
    expect(empty.has("127.0.0.1")).toBe(false);
    expect(set.isEmpty).toBe(false);
  });

  test("of everybody has everybody of the family", () => {
    const everybody = addressSet(["0.0.0.0/0"]);
    expect(everybody.has("203.0.113.9")).toBe(true);
    expect(everybody.has("2001:db8::1")).toBe(false);
    expect(addressSet(["::/0"]).has("2001:db8::1")).toBe(true);
  });

  test("has an IPv4 address exactly when its first bits are the network's", () => {
    const ipv4 = fc.integer({ min: 0, max: 0xff_ff_ff_ff });
    fc.assert(
      fc.property(ipv4, ipv4, fc.integer({ min: 0, max: 32 }), (network, address, prefix) => {
        const shift = 2 ** (32 - prefix);
        expect(addressSet([`${dotted(network)}/${prefix}`]).has(dotted(address))).toBe(
          Math.floor(network / shift) === Math.floor(address / shift),
        );
      }),
    );
  });
});

describe("a network in CIDR notation", () => {
  test.each([
    ["10.0.0.0/8", { address: "10.0.0.0", prefix: 8, family: "ipv4" }],
    ["10.0.0.1", { address: "10.0.0.1", prefix: 32, family: "ipv4" }],
    ["::1", { address: "::1", prefix: 128, family: "ipv6" }],
    ["2001:db8::/0", { address: "2001:db8::", prefix: 0, family: "ipv6" }],
  ] as const)("is read from %p", (written, network) => {
    expect(parseNetwork(written)).toEqual(network);
  });

  test.each([
    "",
    "/8",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "10.0.0.0/ 8",
    "10.0.0.0/8.0",
    "::/129",
    "::/1000",
    "10.0.0/8",
    "localhost",
    "[::1]",
  ])("is not %p", (written) => {
    expect(parseNetwork(written)).toBeUndefined();
  });
});

describe("an address of this machine alone", () => {
  test.each(["127.0.0.1", "127.255.1.2", "::1"])("is %p", (address) => {
    expect(isLoopback(address)).toBe(true);
  });

  test.each(["", "128.0.0.1", "10.0.0.1", "127.0.0.1.evil.test", "127.evil.test", "::2", "::"])(
    "is not %p",
    (address) => {
      expect(isLoopback(address)).toBe(false);
    },
  );
});

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

describe("one client by its address", () => {
  test.each([
    ["192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:db8::", "2001:db8:0:0::/64"],
    ["2001:db8:1:2:3::", "2001:db8:1:2::/64"],
    ["::1", "0:0:0:0::/64"],
    ["64:ff9b::192.0.2.7", "64:ff9b:0:0::/64"],
    ["fe80::1%eth0", "fe80::1%eth0"],
    ["192.0.2.1", "192.0.2.1"],
    ["2001:0DB8:0:00::1", "2001:db8:0:0::/64"],
    ["2001:db8:1:2::", "2001:db8:1:2::/64"],
    ["2001::1:2:3:4:5:6", "2001:0:1:2::/64"],
    ["::", "0:0:0:0::/64"],
    ["64:ff9b::192.0.2.1", "64:ff9b:0:0::/64"],
    ["1:2:3:4:5:6:192.0.2.1", "1:2:3:4::/64"],
    ["::2:3:4:5:6:192.0.2.1", "0:2:3:4::/64"],
  ])("%s is of %s", (address, network) => {
    expect(clientNetwork(address)).toBe(network);
  });
});
