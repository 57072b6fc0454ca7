import { describe, expect, test } from "bun:test";
import { claimFields } from "../../../src/http/field-rules.ts";
import { onMainPort, onOwnPort } from "../../../src/server/admin/access.ts";

const asker = (peer: string, host: string, fields: Record<string, string> = {}) => ({
  peer,
  peerPort: 40_000,
  port: 8080,
  host,
  headers: new Headers({ host, ...fields }),
});
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const elsewhere = (fields: Record<string, string> = {}) =>
  asker("192.0.2.1", "localhost:8080", fields);
const here = (fields: Record<string, string> = {}) => asker("127.0.0.1", "localhost:8080", fields);

const sameUser = onMainPort(1000, () => 1000);
const ports = [
  ["the operator's own port", onOwnPort],
  ["the main port", sameUser],
] as const;

describe.each(ports)("without a token, on %s", (_, isOperator) => {
  test.each([
    ["127.0.0.1", "localhost:8080"],
    ["127.0.0.1", "LocalHost:8080"],
    ["127.0.0.1", "127.0.0.1:8080"],
    ["::1", "[::1]:8080"],
  ])("a program at %s that asks %s is the operator", (peer, host) => {
    expect(isOperator(asker(peer, host))).toBe(true);
  });

  test("port 80 need not be named", () => {
    expect(isOperator({ ...asker("127.0.0.1", "localhost"), port: 80 })).toBe(true);
  });

  test.each([
    ["192.0.2.1", "localhost:8080", "comes from elsewhere"],
    ["127.0.0.1", "evil.test:8080", "was sent by a page with a name of its own"],
    ["127.0.0.1", "localhost.evil.test:8080", "uses a name that only looks local"],
    ["127.0.0.1", "localhost", "names another port"],
    ["127.0.0.1", "localhost:80", "names another port"],
    ["127.0.0.1", "[::1]:9090", "names another port"],
    ["127.0.0.1", "", "names no host"],
    ["", "localhost:8080", "cannot be identified"],
  ])("a client at %p that asks %p is not: it %s", (peer, host) => {
    expect(isOperator(asker(peer, host))).toBe(false);
  });

  test.each([
    ...claimFields,
    "via",
    "x-request-id",
    "x-forwarded-prefix",
    "x-forwarded-anything",
    "x_forwarded_for",
    "x.real.ip",
    "cdn-loop",
    "x-amzn-trace-id",
    "x-envoy-expected-rq-timeout-ms",
    "x-varnish",
  ])("a client that a proxy has sent, as %s shows, is not", (name) => {
    expect(isOperator(here({ [name]: "127.0.0.1" }))).toBe(false);
  });

  test.each([
    { origin: "http://localhost:3000" },
    { origin: "https://localhost:8080" },
    { origin: "null" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { referer: "http://evil.test/" },
    { referer: "http://localhost:8080.evil.test/" },
  ] as Record<string, string>[])("a page of another origin is not: %p", (fields) => {
    expect(isOperator(here(fields))).toBe(false);
  });

  test.each([
    { "sec-fetch-site": "none" },
    { "sec-fetch-site": "same-origin", referer: "http://localhost:8080/admin/backends" },
    { "sec-fetch-site": "same-origin", origin: "http://localhost:8080" },
  ] as Record<string, string>[])("a page of this very origin is: %p", (fields) => {
    expect(isOperator(here(fields))).toBe(true);
  });

  test("a token is of no use", () => {
    expect(isOperator(elsewhere(bearer("undefined")))).toBe(false);
    expect(isOperator(elsewhere(bearer("")))).toBe(false);
  });
});

describe("without a token, on the main port", () => {
  test.each(["close", "Close", "keep-alive, close"])(
    "a client that closes its connection, as nginx does, is not the operator: %s",
    (connection) => {
      expect(sameUser(here({ connection }))).toBe(false);
      expect(onOwnPort(here({ connection }))).toBe(true);
    },
  );

  test.each([
    [1000, true],
    [0, true],
    [33, false],
  ])("a program of user %d is the operator of user 1000's gateway: %p", (user, allowed) => {
    expect(onMainPort(1000, () => user)(here())).toBe(allowed);
  });

  test("the socket is looked up by the ports at its two ends", () => {
    const asked: number[][] = [];
    onMainPort(1000, (...ports) => {
      asked.push(ports);
      return 1000;
    })(here());
    expect(asked).toEqual([[40_000, 8080]]);
  });

  test("the user is ignored if the system does not report it", () => {
    expect(onMainPort(1000, () => undefined)(here())).toBe(true);
    expect(onMainPort(undefined, () => 33)(here())).toBe(true);
  });
});
