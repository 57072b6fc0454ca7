import { describe, expect, test } from "bun:test";
import { loaded, printed } from "./loading.ts";

const route = (keys: string) => `routes: [{ path: /a, backends: [http://a], ${keys} }]`;
const retryOf = (keys: string) => loaded(route(keys)).routes[0]?.retry;
const hedgeOf = (keys: string) => loaded(route(keys)).routes[0]?.hedge;

const defaults = {
  attempts: 3,
  on: ["connect", "reset", "timeout", 502, 503, 504],
  methods: ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"],
  max_body: 65_536,
  attempt_timeout: 0,
  backoff: 25,
  budget: 0.2,
};

describe("`retry` of a route", () => {
  test.each([
    ["retry: 3", defaults],
    ["retry: 5", { ...defaults, attempts: 5 }],
    ["retry: {attempts: 2}", { ...defaults, attempts: 2 }],
    ["retry: {on: 503}", { ...defaults, on: [503] }],
    ["retry: {on: [5xx, reset, 429]}", { ...defaults, on: ["5xx", "reset", 429] }],
    [
      "retry: {methods: GET, max_body: 1MiB, attempt_timeout: 2s, backoff: 0, budget: 5%}",
      {
        ...defaults,
        methods: ["GET"],
        max_body: 1_048_576,
        attempt_timeout: 2_000,
        backoff: 0,
        budget: 0.05,
      },
    ],
    ["retry: false", undefined],
  ])("%s is read", (written, value) => {
    expect(retryOf(written)).toEqual(value as never);
  });

  test("is what `defaults` has, or not", () => {
    const routes = `routes:
  - { path: /a, backends: [http://a] }
  - { path: /b, backends: [http://a], retry: false }
  - { path: /c, backends: [http://a], retry: 4, hedge: 1s }`;
    const all = loaded(`defaults: { retry: 2, hedge: 200ms }\n${routes}`).routes;
    expect(all.map(({ retry }) => retry?.attempts)).toEqual([2, undefined, 4]);
    expect(all.map(({ hedge }) => hedge?.after)).toEqual([200, 200, 1_000]);
  });

  test.each([
    ["retry: 0", "for no retry, write `false`"],
    ["retry: 11", "how many attempts there are in all, like 3"],
    ["retry: true", "write how many attempts there are in all: `3`"],
    ["retry: {attempts: 0}", "a whole number from 1 to 10"],
    ["retry: {on: []}", "expected"],
    ["retry: {on: [error]}", "write `[connect, reset, timeout, 502, 503, 504]`"],
    ["retry: {on: [connect-failure]}", "write `connect`"],
    ["retry: {on: [gateway-error]}", "write `[502, 503, 504]`"],
    ["retry: {on: [http_502]}", "write `502`"],
    ["retry: {on: [200]}", "connect, reset, timeout, 5xx or a status from 400 to 599"],
    ["retry: {methods: [get]}", "write `GET`"],
    ["retry: {max_body: 1GiB}", "too large"],
    ["retry: {budget: 20}", "write `20%`"],
    ["retry: {budget: 120%}", "`120%` is not from 0% to 100%"],
  ])("cannot be %s", (written, message) => {
    expect(printed(route(written))).toContain(message);
  });

  test("warns of methods that are not idempotent", () => {
    expect(printed(route("retry: {methods: [GET, POST]}"))).toContain(
      "POST is not idempotent: a backend may act on the same request twice",
    );
    expect(printed(route("retry: {methods: [GET, PUT]}"))).toBe("");
  });
});

describe("`hedge` of a route", () => {
  test.each([
    ["hedge: 200ms", { after: 200 }],
    ["hedge: 100us", { after: 0.1 }],
    ["hedge: {after: 1s}", { after: 1_000 }],
    ["hedge: false", undefined],
  ])("%s is read", (written, value) => {
    expect(hedgeOf(written)).toEqual(value);
  });

  test.each([
    ["hedge: 0", "the delay must be above 0"],
    ["hedge: {after: 0}", "the delay must be above 0"],
    ["hedge: {}", "after"],
    ["hedge: true", "a duration, like 200ms, or {after}, or false"],
  ])("cannot be %s", (written, message) => {
    expect(printed(route(written))).toContain(message);
  });
});

describe("keys that do not fit together are warned of", () => {
  test.each([
    [
      "retry: {attempt_timeout: 2s}, timeouts: {response: 1s}",
      "`attempt_timeout` is longer than `timeouts.response`",
    ],
    ["hedge: 40s", "there will be no second one"],
    ["hedge: 2s, retry: {attempt_timeout: 1s}", "there will be no second one"],
    ["hedge: 1s", "this route has a single backend"],
    ["hedge: 1s, methods: [POST]", "it is for GET and HEAD"],
  ])("%s", (written, message) => {
    expect(printed(route(written))).toContain(message);
  });

  test("and only those", () => {
    const two = "routes: [{ path: /a, backends: [http://a, http://b], hedge: 1s, retry: 3 }]";
    expect(printed(two)).toBe("");
    const named = `upstreams: { a: { backends: [http://a] } }
routes: [{ path: /a, upstream: a, hedge: 1s, methods: [GET, POST] }]`;
    expect(printed(named)).toBe("");
  });
});
