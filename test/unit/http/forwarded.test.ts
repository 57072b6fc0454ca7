import { describe, expect, test } from "bun:test";
import type { AddressSet } from "../../../src/http/address-set.ts";
import { addressSet } from "../../support/address-set.ts";
import { forwardedChain, forwardedFor, identifyClient } from "../../../src/http/forwarded.ts";
import { RequestFields } from "../../../src/http/request-fields.ts";
import { fieldsFrom } from "../../support/client-request.ts";

const nobody = addressSet([]);
const proxies = addressSet(["10.0.0.0/8", "::1"]);

const requestFields = (headers: Headers) => new RequestFields(fieldsFrom([...headers]));

const identify = (peer: string, headers: Headers, trusted: AddressSet) =>
  identifyClient(peer, requestFields(headers), trusted);

function clientOf(forwardedFor: string, peer = "10.0.0.1"): string {
  return identify(peer, new Headers({ "x-forwarded-for": forwardedFor }), proxies).address;
}

describe("the scheme", () => {
  const overTls = (headers: Record<string, string>, trusted: AddressSet) =>
    identifyClient("10.0.0.1", requestFields(new Headers(headers)), trusted, "https");

  test("is that of the peer's connection, unless a trusted proxy says otherwise", () => {
    const claim = { "x-forwarded-proto": "http" };
    expect(overTls(claim, nobody)).toMatchObject({ protocol: "https", peerProtocol: "https" });
    expect(overTls(claim, proxies)).toMatchObject({ protocol: "http", peerProtocol: "https" });
    expect(overTls({}, proxies).protocol).toBe("https");
    expect(overTls({ forwarded: "for=192.0.2.1" }, proxies).protocol).toBe("https");
    expect(overTls({ forwarded: "for=192.0.2.1;proto=http" }, proxies).protocol).toBe("http");
  });

  test("of the peer's connection is in the gateway's own element of Forwarded", () => {
    const fields = requestFields(new Headers());
    const client = identifyClient("192.0.2.1", fields, nobody, "https");
    expect(forwardedChain(fields, client, "a.test")).toBe(
      'for=192.0.2.1;host="a.test";proto=https',
    );
  });
});

describe("without trusted proxies", () => {
  test("the client is the peer, whatever it says of itself", () => {
    const headers = new Headers({
      "x-forwarded-for": "203.0.113.9",
      "x-forwarded-proto": "https",
      forwarded: "for=203.0.113.9",
    });
    expect(identify("192.0.2.1", headers, nobody)).toEqual({
      peer: "192.0.2.1",
      address: "192.0.2.1",
      protocol: "http",
      peerProtocol: "http",
      viaTrustedProxy: false,
    });
  });

  test("an IPv4 peer on a dual-stack socket has its IPv4 address", () => {
    expect(identify("::ffff:192.0.2.1", new Headers(), nobody)).toMatchObject({
      peer: "192.0.2.1",
      address: "192.0.2.1",
    });
  });
});

describe("behind trusted proxies", () => {
  test("a peer that is none of them is the client", () => {
    expect(clientOf("203.0.113.9", "192.0.2.1")).toBe("192.0.2.1");
  });

  test("a proxy on a dual-stack socket is known by its IPv4 address", () => {
    expect(clientOf("203.0.113.9", "::ffff:10.0.0.1")).toBe("203.0.113.9");
  });

  test("a proxy that names nobody is the client itself", () => {
    expect(identify("10.0.0.1", new Headers(), proxies)).toEqual({
      peer: "10.0.0.1",
      address: "10.0.0.1",
      protocol: "http",
      peerProtocol: "http",
      viaTrustedProxy: true,
    });
  });

  test.each([
    ["203.0.113.9", "203.0.113.9"],
    ["203.0.113.9, 10.0.0.2", "203.0.113.9"],
    ["6.6.6.6, 203.0.113.9, 10.0.0.3,10.0.0.2", "203.0.113.9"],
    ["6.6.6.6,203.0.113.9", "203.0.113.9"],
    ["10.0.0.4, 10.0.0.3", "10.0.0.4"],
    ["  203.0.113.9\t", "203.0.113.9"],
    ["203.0.113.9:51000", "203.0.113.9"],
    ["[2001:db8::9]:51000", "2001:db8::9"],
    ["[2001:db8::9]", "2001:db8::9"],
    ["2001:db8::9", "2001:db8::9"],
    ["::ffff:203.0.113.9", "203.0.113.9"],
    ["203.0.113.9, ::ffff:10.0.0.2", "203.0.113.9"],
    ["203.0.113.9, , 10.0.0.2", "203.0.113.9"],
    [",,203.0.113.9,,", "203.0.113.9"],
  ])("X-Forwarded-For: %s names %s", (forwardedFor, client) => {
    expect(clientOf(forwardedFor)).toBe(client);
  });

  test.each([
    ["", "10.0.0.1"],
    [",", "10.0.0.1"],
    ["unknown", "10.0.0.1"],
    ["203.0.113.9, unknown", "10.0.0.1"],
    ["203.0.113.9, unknown, 10.0.0.2", "10.0.0.2"],
    ["203.0.113.999", "10.0.0.1"],
    ["203.0.113.9:port", "10.0.0.1"],
    ["[203.0.113.9", "10.0.0.1"],
    ["<script>", "10.0.0.1"],
    ["_hidden, 10.0.0.7", "10.0.0.7"],
    ["for=203.0.113.9", "10.0.0.1"],
  ])("X-Forwarded-For: %s is believed as far as it makes sense, to %s", (forwardedFor, client) => {
    expect(clientOf(forwardedFor)).toBe(client);
  });

  test.each([
    ["https", "https"],
    ["HTTPS", "https"],
    ["http, https", "https"],
    ["https, http", "http"],
    ["http", "http"],
    ["httpsx", "http"],
    ["", "http"],
  ])("X-Forwarded-Proto: %s means %s, as the nearest proxy says", (proto, protocol) => {
    const headers = new Headers({ "x-forwarded-proto": proto });
    expect(identify("::1", headers, proxies).protocol).toBe(protocol as "http" | "https");
  });
});

describe("a Forwarded field behind trusted proxies", () => {
  const clientOf = (fields: Record<string, string>) =>
    identify("10.0.0.1", new Headers(fields), proxies).address;

  test.each([
    ["for=203.0.113.9", "203.0.113.9"],
    ["For=203.0.113.9;proto=https;by=10.0.0.1", "203.0.113.9"],
    ["proto=https; for=203.0.113.9", "203.0.113.9"],
    ['for="203.0.113.9:51000"', "203.0.113.9"],
    ['for="[2001:db8::9]"', "2001:db8::9"],
    ['for="[2001:db8::9]:51000"', "2001:db8::9"],
    ['for="[::ffff:203.0.113.9]"', "203.0.113.9"],
    ["for=6.6.6.6, for=203.0.113.9, for=10.0.0.2", "203.0.113.9"],
    ["for=203.0.113.9,for=10.0.0.2;host=a", "203.0.113.9"],
    ["for=203.0.113.9, , for=10.0.0.2,", "203.0.113.9"],
  ])("%s names %s", (forwarded, client) => {
    expect(clientOf({ forwarded })).toBe(client);
  });

  test.each([
    ["", "10.0.0.1"],
    ["for=unknown", "10.0.0.1"],
    ["for=_hidden", "10.0.0.1"],
    ['for="_hidden:80"', "10.0.0.1"],
    ["for=203.0.113.9, for=unknown, for=10.0.0.2", "10.0.0.2"],
    ["for=203.0.113.9, for=_gazonk, for=10.0.0.2", "10.0.0.2"],
    ["for=203.0.113.9, proto=https, for=10.0.0.2", "10.0.0.2"],
    ["xfor=203.0.113.9", "10.0.0.1"],
    ['for="203.0.113.9', "10.0.0.1"],
    ["203.0.113.9", "10.0.0.1"],
  ])("%s is believed as far as it makes sense, to %s", (forwarded, client) => {
    expect(clientOf({ forwarded })).toBe(client);
  });

  test("counts only where there is no X-Forwarded-For", () => {
    const forwarded = "for=203.0.113.9";
    expect(clientOf({ forwarded, "x-forwarded-for": "198.51.100.7" })).toBe("198.51.100.7");
    expect(clientOf({ forwarded, "x-forwarded-for": "unknown" })).toBe("10.0.0.1");
  });

  // A proxy that reports the Host copies the client's text, and quotes it.
  test.each(['host="a,for=6.6.6.6"', 'host="a;for=6.6.6.6"'])(
    "is not fooled by for= in a quoted %s",
    (host) => {
      expect(clientOf({ forwarded: `for=203.0.113.9;${host}` })).toBe("203.0.113.9");
      expect(clientOf({ forwarded: `${host};for=203.0.113.9` })).toBe("203.0.113.9");
    },
  );
});

describe("scheme and host in a Forwarded field behind trusted proxies", () => {
  const said = (forwarded: string, more: Record<string, string> = {}) => {
    const { protocol, host } = identify("10.0.0.1", new Headers({ forwarded, ...more }), proxies);
    return [protocol, host];
  };

  test.each([
    ["for=203.0.113.9;proto=https;host=shop.test", "https", "shop.test"],
    ['for=203.0.113.9;Proto="HTTPS";Host="shop.test:81"', "https", "shop.test:81"],
    [
      "for=203.0.113.9;proto=https;host=shop.test, for=10.0.0.2;proto=http;host=b",
      "https",
      "shop.test",
    ],
    ["for=6.6.6.6;proto=https;host=evil.test, for=203.0.113.9", "http", undefined],
    ['for=203.0.113.9;host="a b"', "http", undefined],
    ["for=unknown;proto=https;host=shop.test", "http", undefined],
  ])("%s: they are the client's, %s %p", (forwarded, protocol, host) => {
    expect(said(forwarded)).toEqual([protocol, host]);
  });

  test("do not count next to X-Forwarded-Proto and X-Forwarded-For", () => {
    const forwarded = "for=203.0.113.9;proto=https;host=shop.test";
    expect(said(forwarded, { "x-forwarded-proto": "http" })).toEqual(["http", "shop.test"]);
    expect(said(forwarded, { "x-forwarded-for": "203.0.113.9" })).toEqual(["http", undefined]);
  });
});

describe("for the next hop", () => {
  const next = (
    fields: Record<string, string>,
    peer = "10.0.0.1",
    host: string | null = "gw:80",
  ) => {
    const claimed = requestFields(new Headers(fields));
    const client = identifyClient(peer, claimed, proxies);
    return [forwardedFor(claimed, client.peer), forwardedChain(claimed, client, host)];
  };

  test("the peer is the first hop if no proxy reports more", () => {
    expect(next({})).toEqual(["10.0.0.1", 'for=10.0.0.1;host="gw:80";proto=http']);
    expect(next({}, "::1", "")).toEqual(["::1", 'for="[::1]";proto=http']);
    expect(next({}, "", null)).toEqual(["", "for=unknown;proto=http"]);
  });

  test("what X-Forwarded-* says of the client stands in one element", () => {
    expect(
      next({
        "x-forwarded-for": "6.6.6.6, 203.0.113.9:5000, 10.0.0.2",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "shop.test",
      }),
    ).toEqual([
      "6.6.6.6, 203.0.113.9:5000, 10.0.0.2, 10.0.0.1",
      'for=6.6.6.6, for=203.0.113.9;host="shop.test";proto=https, for=10.0.0.2, for=10.0.0.1;host="gw:80";proto=http',
    ]);
  });

  test("a client that is not named is unknown", () => {
    const own = 'for=10.0.0.1;host="gw:80";proto=http';
    expect(next({ "x-forwarded-proto": "https" })[1]).toBe(`for=unknown;proto=https, ${own}`);
    expect(next({ "x-forwarded-for": "2001:db8::9, _hidden" })[1]).toBe(
      `for="[2001:db8::9]", for=unknown, ${own}`,
    );
    expect(next({ "x-forwarded-for": "203.0.113.9", "x-forwarded-host": 'a";for=6' })[1]).toBe(
      `for=203.0.113.9, ${own}`,
    );
  });

  test("what Forwarded says stands in X-Forwarded-For too, addresses alone", () => {
    expect(
      next({ forwarded: 'for="[2001:db8::9]:5000";proto=https, for="a, 6.6.6.6", for=10.0.0.2' }),
    ).toEqual([
      "2001:db8::9, unknown, 10.0.0.2, 10.0.0.1",
      'for="[2001:db8::9]:5000";proto=https, for="a, 6.6.6.6", for=10.0.0.2, for=10.0.0.1;host="gw:80";proto=http',
    ]);
  });

  test("empty elements go", () => {
    expect(next({ "x-forwarded-for": ", 203.0.113.9 ,," })).toEqual([
      "203.0.113.9, 10.0.0.1",
      'for=203.0.113.9, for=10.0.0.1;host="gw:80";proto=http',
    ]);
    expect(next({ "x-forwarded-for": "", forwarded: "" })[0]).toBe("10.0.0.1");
  });

  test("is understood by the next gateway", () => {
    for (const peer of ["203.0.113.9", "2001:db8::9"]) {
      const [, forwarded = ""] = next({}, peer);
      expect(identify("10.0.0.1", new Headers({ forwarded }), proxies)).toMatchObject({
        address: peer,
        protocol: "http",
        host: "gw:80",
      });
    }
  });
});
