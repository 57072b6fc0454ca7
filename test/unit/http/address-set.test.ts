import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import {
  contains,
  type Network,
  networkText,
  parseNetwork,
} from "../../../src/http/address-set.ts";
import { addressSet } from "../../support/address-set.ts";

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

  test("has an address whatever its zone", () => {
    const links = addressSet(["fe80::/10", "2001:db8::1"]);
    expect(links.has("fe80::1%eth0")).toBe(true);
    expect(links.has("fec0::1%eth0")).toBe(false);
  });

  test("of networks within others has them all", () => {
    const nested = addressSet([
      "10.1.0.0/16",
      "10.0.0.0/8",
      "10.1.2.3",
      "10.255.0.0/16",
      "11.0.0.0",
    ]);
    expect(
      ["10.0.0.1", "10.1.2.3", "10.2.0.1", "10.255.255.255", "11.0.0.0"].every((one) =>
        nested.has(one),
      ),
    ).toBe(true);
    expect(["9.255.255.255", "11.0.0.1"].some((one) => nested.has(one))).toBe(false);
  });

  test("has, of thousands of networks, the members of each", () => {
    const many = addressSet(
      Array.from({ length: 4_000 }, (_, at) => `10.${at >> 4}.${(at & 15) << 4}.0/21`),
    );
    expect(many.has("10.249.247.255")).toBe(true);
    expect(many.has("10.249.248.0")).toBe(false);
    expect(many.has("10.250.0.0")).toBe(false);
  });

  test("has an IPv6 address exactly when its first bits are the network's", () => {
    const group = fc.integer({ min: 0, max: 0xff_ff });
    const ipv6 = fc.array(group, { minLength: 8, maxLength: 8 });
    const near = fc.tuple(ipv6, fc.integer({ min: 0, max: 127 })).map(([groups, bit]) => ({
      network: groups,
      address: groups.map((value, at) =>
        at === bit >> 4 ? value ^ (0x80_00 >> (bit & 15)) : value,
      ),
      bit,
    }));
    fc.assert(
      fc.property(near, fc.integer({ min: 0, max: 128 }), ({ network, address, bit }, prefix) => {
        const set = addressSet([`${colons(network)}/${prefix}`]);
        expect(set.has(colons(network))).toBe(true);
        expect(set.has(colons(address))).toBe(bit >= prefix);
      }),
    );
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
    ["::ffff:10.0.0.0/104", { address: "10.0.0.0", prefix: 8, family: "ipv4" }],
    ["::ffff:a00:1", { address: "10.0.0.1", prefix: 32, family: "ipv4" }],
    ["::ffff:0:0/95", { address: "::ffff:0:0", prefix: 95, family: "ipv6" }],
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
    "fe80::1%eth0",
    "010.0.0.1",
  ])("is not %p", (written) => {
    expect(parseNetwork(written)).toBeUndefined();
  });
});

describe("a network within another", () => {
  test.each([
    ["10.0.0.0/8", "10.1.0.0/16", true],
    ["10.0.0.0/8", "10.0.0.0/8", true],
    ["10.0.0.0/8", "11.0.0.0/16", false],
    ["10.1.0.0/16", "10.0.0.0/8", false],
    ["::/0", "10.0.0.1", false],
    ["2001:db8::/32", "2001:db8:1::/48", true],
  ])("%s has all of %s: %p", (outer, inner, has) => {
    expect(contains(networkOf(outer), networkOf(inner))).toBe(has);
  });

  test("is written as an address if it is one", () => {
    expect(["10.0.0.1", "10.0.0.0/8", "::1/128"].map((one) => networkText(networkOf(one)))).toEqual(
      ["10.0.0.1", "10.0.0.0/8", "::1"],
    );
  });
});

function networkOf(written: string): Network {
  const network = parseNetwork(written);
  if (network === undefined) throw new Error(`not a network: ${written}`);
  return network;
}

function colons(groups: readonly number[]): string {
  return groups.map((group) => group.toString(16)).join(":");
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}
