import { describe, expect, test } from "bun:test";
import { clientNetwork, isLoopback, normalizeAddress } from "../../../src/http/address.ts";

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
