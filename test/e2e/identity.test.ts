import { expect, test } from "bun:test";
import { ask } from "../support/ask.ts";
import { type Echo, valuesOf } from "../support/echo.ts";
import { noHealthChecks, startGateway } from "../support/gateway-process.ts";
import { startMockProcess } from "../support/mock-process.ts";
import { createStage } from "../support/stage.ts";

const stage = createStage();

async function startTrusting(
  server: Readonly<Record<string, unknown>>,
  route: Readonly<Record<string, unknown>> = {},
) {
  const mock = await startMockProcess(stage, "A");
  return startGateway(stage, {
    server,
    health_check: noHealthChecks,
    routes: [{ path: "/*", backends: [mock.url], ...route }],
  });
}

async function toldBy(url: string, headers: Record<string, string>): Promise<Echo> {
  return (await (await ask(`${url}/echo`, { headers })).json()) as Echo;
}

test.each([
  ["nobody is trusted", [], "203.0.113.9", "127.0.0.1"],
  ["the peer is trusted by its address", ["127.0.0.1"], "203.0.113.9", "203.0.113.9"],
  ["the peer is trusted by its network", ["127.0.0.0/8"], "203.0.113.9", "203.0.113.9"],
  ["the peer is in no trusted network", ["10.0.0.0/8", "::1"], "203.0.113.9", "127.0.0.1"],
  [
    "the right-most untrusted address counts",
    ["127.0.0.0/8", "10.0.0.0/8"],
    "6.6.6.6, 203.0.113.9, 10.1.2.3",
    "203.0.113.9",
  ],
  ["all are trusted", ["127.0.0.0/8", "10.0.0.0/8"], "10.9.9.9, 10.1.2.3", "10.9.9.9"],
  [
    "an IPv6 client is reported",
    ["127.0.0.0/8", "2001:db8:1::/48"],
    "2001:db8:9::1, 2001:db8:1::2",
    "2001:db8:9::1",
  ],
  ["a port stands behind the address", ["127.0.0.1"], "[2001:db8::7]:4711", "2001:db8::7"],
  ["an IPv4 address is dressed as IPv6", ["127.0.0.1"], "::ffff:203.0.113.9", "203.0.113.9"],
  [
    "text that is not an address ends the search",
    ["127.0.0.1", "10.0.0.0/8"],
    "203.0.113.9, unknown, 10.1.2.3",
    "10.1.2.3",
  ],
])("when %s, one address is in the fields and the row", async (_, trusted, claimed, address) => {
  const gateway = await startTrusting({ trusted_proxies: trusted });

  const told = await toldBy(gateway.url, { "x-forwarded-for": claimed });

  expect(valuesOf(told, "x-real-ip")).toEqual([address]);
  const passedOn = trusted.some((network) => network.startsWith("127"));
  expect(valuesOf(told, "x-forwarded-for")).toEqual([
    passedOn ? `${claimed}, 127.0.0.1` : "127.0.0.1",
  ]);
  expect(await gateway.waitForRows(1)).toMatchObject([{ client_ip: address }]);
});

test("a peer that came over IPv6 is trusted by an IPv6 network", async () => {
  const gateway = await startTrusting({ host: "::1", trusted_proxies: ["::/64"] });

  const told = await toldBy(gateway.url, { "x-forwarded-for": "203.0.113.9" });

  expect(valuesOf(told, "x-real-ip")).toEqual(["203.0.113.9"]);
  expect(valuesOf(told, "x-forwarded-for")).toEqual(["203.0.113.9, ::1"]);
});

test.each([
  ["for=203.0.113.9", "203.0.113.9"],
  ['For="[2001:db8::7]:4711";proto=https', "2001:db8::7"],
  ["for=6.6.6.6, for=203.0.113.9, for=10.1.2.3", "203.0.113.9"],
  ["for=203.0.113.9, for=_hidden, for=10.1.2.3", "10.1.2.3"],
  ["for=203.0.113.9, by=10.0.0.1", "127.0.0.1"],
])("a trusted proxy's `Forwarded: %s` is understood", async (forwarded, address) => {
  const gateway = await startTrusting({ trusted_proxies: ["127.0.0.1", "10.0.0.0/8"] });

  const told = await toldBy(gateway.url, { forwarded });

  expect(valuesOf(told, "x-real-ip")).toEqual([address]);
  expect(await gateway.waitForRows(1)).toMatchObject([{ client_ip: address }]);
});

test("a limit per client counts the client behind the proxy, and no other's", async () => {
  const gateway = await startTrusting(
    { trusted_proxies: ["127.0.0.1"] },
    { rate_limit: { requests_per_second: 0.01, burst: 1, key: "client_ip" } },
  );
  const from = async (address: string) =>
    (await ask(`${gateway.url}/echo`, { headers: { "x-forwarded-for": address } })).status;

  expect(await from("203.0.113.9")).toBe(200);
  expect(await from("203.0.113.9")).toBe(429);
  // Elements further left are only claimed.
  expect(await from("6.6.6.6, 203.0.113.9")).toBe(429);
  expect(await from("203.0.113.10")).toBe(200);
});

test("a stranger's claims do not get it another limit", async () => {
  const gateway = await startTrusting(
    {},
    { rate_limit: { requests_per_second: 0.01, burst: 1, key: "client_ip" } },
  );
  const claiming = async (headers: Record<string, string>) =>
    (await ask(`${gateway.url}/echo`, { headers })).status;

  expect(await claiming({ "x-forwarded-for": "203.0.113.9" })).toBe(200);
  expect(await claiming({ "x-forwarded-for": "203.0.113.10" })).toBe(429);
  expect(await claiming({ forwarded: "for=203.0.113.11" })).toBe(429);
});

test("Forwarded is sent when configured, in place of a stranger's own", async () => {
  const gateway = await startTrusting({ send_forwarded: true });

  const told = await toldBy(gateway.url, {
    forwarded: "for=6.6.6.6;proto=https",
    host: "api.example.com",
  });

  expect(valuesOf(told, "forwarded")).toEqual(['for=127.0.0.1;host="api.example.com";proto=http']);
});

test("Forwarded is added to a trusted proxy's, with an IPv6 peer in quotes", async () => {
  const gateway = await startTrusting({
    host: "::1",
    trusted_proxies: ["::1"],
    send_forwarded: true,
  });

  const told = await toldBy(gateway.url, { forwarded: "for=203.0.113.9", host: "api.example.com" });

  expect(valuesOf(told, "forwarded")).toEqual([
    'for=203.0.113.9, for="[::1]";host="api.example.com";proto=http',
  ]);
  expect(valuesOf(told, "x-real-ip")).toEqual(["203.0.113.9"]);
});

test("behind a proxy that sends X-Forwarded-*, all fields agree", async () => {
  const gateway = await startTrusting({ trusted_proxies: ["127.0.0.1"], send_forwarded: true });

  const told = await toldBy(gateway.url, {
    host: "gateway.internal",
    "x-forwarded-for": "203.0.113.9, ,",
    "x-forwarded-host": "www.example.com",
    "x-forwarded-proto": "https",
  });

  expect(valuesOf(told, "forwarded")).toEqual([
    'for=203.0.113.9;host="www.example.com";proto=https, for=127.0.0.1;host="gateway.internal";proto=http',
  ]);
  expect(valuesOf(told, "x-forwarded-for")).toEqual(["203.0.113.9, 127.0.0.1"]);
  expect(valuesOf(told, "x-forwarded-host")).toEqual(["www.example.com"]);
  expect(valuesOf(told, "x-forwarded-proto")).toEqual(["https"]);
  expect(valuesOf(told, "x-real-ip")).toEqual(["203.0.113.9"]);
});

test("behind a proxy that sends Forwarded, all fields agree", async () => {
  const gateway = await startTrusting({ trusted_proxies: ["127.0.0.1"] });

  const told = await toldBy(gateway.url, {
    host: "gateway.internal",
    forwarded: 'for="[2001:db8::7]:4711";host=www.example.com;proto=https',
  });

  expect(valuesOf(told, "x-forwarded-for")).toEqual(["2001:db8::7, 127.0.0.1"]);
  expect(valuesOf(told, "x-forwarded-host")).toEqual(["www.example.com"]);
  expect(valuesOf(told, "x-forwarded-proto")).toEqual(["https"]);
  expect(valuesOf(told, "x-real-ip")).toEqual(["2001:db8::7"]);
});

test("without being configured Forwarded is not sent", async () => {
  const gateway = await startTrusting({});

  const told = await toldBy(gateway.url, { forwarded: "for=6.6.6.6" });

  expect(valuesOf(told, "forwarded")).toEqual([]);
});
