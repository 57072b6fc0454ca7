import { describe, expect, test } from "bun:test";
import {
  checkProxiedProtocol,
  checkReach,
  DEFAULT_REACH,
  type Destination,
  DestinationKeys,
  forUpgrades,
  socketPathOf,
} from "../../../src/upstream/destination.ts";
import { checkProxyUrl } from "../../../src/upstream/backend-schema.ts";
import { upstreamSections } from "../../../src/upstream/schema.ts";

const destination: Destination = {
  ...DEFAULT_REACH,
  origin: "http://a.test",
  socketPath: undefined,
  tls: undefined,
  isForUpgrades: false,
};

describe("how a backend is reached", () => {
  test.each([
    ["http://a.test", { protocol: "http2" }],
    ["unix:/run/a.sock", { protocol: "http2" }],
    ["unix:/run/a.sock", { protocol: "auto" }],
    ["https://a.test", { protocol: "http3" }],
    ["http://a.test", { proxy: "http://egress:3128" }],
  ] as const)("%s with %p is possible", (url, reach) => {
    expect(checkReach(url, reach)).toBeUndefined();
  });

  test.each([
    ["http://a.test", { protocol: "http3" }, "write `https://a.test`"],
    ["unix:/run/a.sock", { protocol: "http3" }, "choose another `protocol`"],
    ["unix:/run/a.sock", { proxy: "http://egress:3128" }, "leave the proxy out"],
  ] as const)("%s with %p is refused with the remedy: %s", (url, reach, remedy) => {
    expect(checkReach(url, reach)).toContain(remedy);
  });

  test("cannot be HTTP/3 through a proxy", () => {
    for (const protocol of ["http1", "http2", "auto"] as const) {
      expect(checkProxiedProtocol(protocol)).toBeUndefined();
    }
    expect(checkProxiedProtocol("http3")).toContain("leave out one of the two");
  });

  test("has a key that differs wherever connections must", () => {
    const keys = new DestinationKeys();
    expect(keys.of({ ...destination })).toBe(keys.of(destination));
    const others: Destination[] = [
      { ...destination, socketPath: "/run/a.sock" },
      { ...destination, protocol: "http2" },
      { ...destination, proxy: "http://egress:3128" },
      { ...destination, connectTimeout: 1 },
      { ...destination, tls: {} },
      { ...destination, tls: { serverName: "b.test" } },
      { ...destination, isForUpgrades: true },
    ];
    expect(new Set([destination, ...others].map((one) => keys.of(one))).size).toBe(8);
  });

  test("is the same for upgrades, unless it is by another version of HTTP or through a proxy", () => {
    expect(forUpgrades(destination)).toBe(destination);
    for (const protocol of ["http2", "http3", "auto"] as const) {
      const upgraded = forUpgrades({ ...destination, protocol });
      expect(upgraded).toEqual({ ...destination, isForUpgrades: true });
    }
    const proxied = { ...destination, proxy: "http://egress:3128" };
    expect(forUpgrades(proxied)).toEqual({ ...proxied, isForUpgrades: true });
  });

  test("is by a socket's path only for unix:", () => {
    expect(socketPathOf("unix:/run/a.sock")).toBe("/run/a.sock");
    expect(socketPathOf("unix://run/a.sock")).toBe("//run/a.sock");
    expect(socketPathOf("http://a.test/unix:/run")).toBeUndefined();
  });
});

describe("a proxy's URL", () => {
  test.each(["http://egress:3128", "http://user:secret@egress:3128/"])("%s is accepted", (url) => {
    expect(checkProxyUrl(url)).toBeUndefined();
  });

  test.each([
    ["egress:3128", "write `http://egress:3128`"],
    ["https://egress:3128", "over TLS are not supported"],
    ["socks5://egress:1080", "SOCKS proxies are not supported"],
    ["http://egress:3128/path", "leave out what follows"],
    ["http://egress:0", "like http://egress:3128"],
    ["http://egress 3128", "like http://egress:3128"],
    ["http://", "like http://egress:3128"],
  ])("%s is refused with the reason: %s", (url, reason) => {
    expect(checkProxyUrl(url)).toContain(reason);
    expect(upstreamSections.proxy.check?.(url, () => true)).toHaveLength(1);
  });
});
