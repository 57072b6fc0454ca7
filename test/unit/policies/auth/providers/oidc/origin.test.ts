import { describe, expect, test } from "bun:test";
import { Origins } from "../../../../../../src/policies/auth/providers/oidc/origin.ts";
import { type Opening, openExchange } from "../../../../pipeline/opening.ts";
import { APP, Browser, FakeGateway, problemOf } from "./browser.ts";

const TLS = {
  version: "TLSv1.3",
  serverName: "",
  certificate: undefined,
  isMisdirected: () => false,
};
const BEHIND_PROXY = { viaTrustedProxy: true } as const;

function originOf(configured: readonly string[], opening: Opening): string | undefined {
  return new Origins(configured).of(openExchange(opening));
}

describe("the address of the gateway", () => {
  const https = { protocol: "https" } as const;

  test.each<[string, readonly string[], Opening, string | undefined]>([
    ["the configured one, whatever is asked for", [APP], { host: "evil.test" }, APP],
    ["of several that of the host", [APP, "https://b.test"], { host: "b.test" }, "https://b.test"],
    [
      "of several that of the scheme",
      ["http://b.test", "https://b.test"],
      { host: "b.test", client: https },
      "https://b.test",
    ],
    ["of several none for another host", [APP, "https://b.test"], { host: "evil.test" }, undefined],
    ["none for a host that nobody vouches for", [], { host: "evil.test" }, undefined],
    [
      "none for one by a proxy",
      [],
      { host: "a.test", client: { ...https, ...BEHIND_PROXY } },
      undefined,
    ],
    [
      "the host of TLS to the gateway",
      [],
      { host: "A.test:8443", client: https, request: { connection: { tls: TLS } } },
      "https://a.test:8443",
    ],
    ["localhost", [], { host: "localhost:8080" }, "http://localhost:8080"],
    ["a name below localhost", [], { host: "app.localhost" }, "http://app.localhost"],
    ["a loopback address", [], { host: "127.0.0.1:8080" }, "http://127.0.0.1:8080"],
    ["the IPv6 one", [], { host: "[::1]:8080" }, "http://[::1]:8080"],
    ["none for a name that only looks like it", [], { host: "localhost.evil.test" }, undefined],
    ["none for an address that only looks like it", [], { host: "127.0.0.1.evil.test" }, undefined],
    ["none without a host", [], { host: null }, undefined],
    [
      "what a trusted proxy was asked for",
      [APP, "https://b.test"],
      { host: "inside", fields: { "x-forwarded-host": "b.test" }, client: BEHIND_PROXY },
      "https://b.test",
    ],
    [
      "not what a client says it is",
      [APP, "https://b.test"],
      { host: "inside", fields: { "x-forwarded-host": "b.test" } },
      undefined,
    ],
    [
      "not a list of names",
      [APP, "https://b.test"],
      { host: "inside", fields: { "x-forwarded-host": "b.test, c.test" }, client: BEHIND_PROXY },
      undefined,
    ],
  ])("is %s", (_what, configured, opening, origin) => {
    expect(originOf(configured, opening)).toBe(origin);
  });

  test("decides by its scheme what cookies are called", () => {
    const schemeOf = (configured: readonly string[], opening: Opening = {}) =>
      new Origins(configured).scheme(openExchange(opening));
    expect(schemeOf([])).toBe("http");
    expect(schemeOf([], { client: https })).toBe("https");
    expect(schemeOf([APP])).toBe("https");
    expect(schemeOf([APP, "http://b.test"], { host: "b.test" })).toBe("http");
    expect(schemeOf([APP, "http://b.test"], { host: "c.test", client: https })).toBe("https");
  });
});

test("nobody can log in where the gateway does not know its address, and the log says so", async () => {
  const gateway = new FakeGateway({ external_url: undefined });
  const browser = new Browser(gateway);
  for (const page of ["/a", "/b"]) {
    expect(await problemOf(await browser.open(page))).toEqual({
      status: 400,
      code: "login_failed",
      detail: "logins are not set up for this address",
    });
  }
  expect(browser.cookies.size).toBe(0);
  expect(gateway.logged).toEqual([
    "warn auth.login: a login was refused: the address that was asked for is not known; add it to `external_url` (logged at most once a minute)",
  ]);
});

test("a browser that keeps no session does not go round in circles", async () => {
  const gateway = new FakeGateway();
  const browser = new Browser(gateway);
  for (let times = 0; times < 3; times += 1) {
    expect((await browser.logIn()).status).toBe(302);
    browser.cookies.delete("__Host-gateway_session");
  }
  const answer = await browser.open("/things");
  expect(await problemOf(answer)).toMatchObject({ status: 400, code: "login_failed" });
  expect(gateway.logged.join()).toContain("browsers log in again and again");
  // It may try again.
  expect((await browser.logIn()).status).toBe(302);
  expect((await browser.open("/things")).status).toBe(200);
});
