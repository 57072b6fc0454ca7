import { describe, expect, test } from "bun:test";
import type { RoutedRequest } from "../../../../src/routing/conditions/condition.ts";
import { conditionsOf } from "../../../../src/routing/conditions/of-route.ts";
import { FieldRules } from "../../../../src/http/field-rules.ts";
import { RequestFields } from "../../../../src/http/request-fields.ts";
import { loaded, ROUTE, route } from "../../config/loading.ts";
import { openExchange, type Opening } from "../../pipeline/opening.ts";

/** The conditions of a route that has these lines. */
function conditions(rest: string) {
  return conditionsOf(loaded(route(rest)).routes[0] ?? {}).conditions ?? [];
}

function accepts(rest: string, request: Opening | RoutedRequest): boolean {
  const asked = "target" in request ? request : openExchange(request);
  return conditions(rest).every((condition) => condition.accepts(asked));
}

const withFields = (...fields: [string, string][]): Opening => ({ fields });

describe("a field", () => {
  test("must have exactly the value, in this case and whole", () => {
    const two = 'headers: { X-Version: "2" }';
    expect(accepts(two, withFields(["x-version", "2"]))).toBeTrue();
    for (const value of ["", "1", "22", "2, 3"]) {
      expect(accepts(two, withFields(["x-version", value]))).toBeFalse();
    }
    expect(accepts(two, {})).toBeFalse();
    expect(accepts("headers: { x-version: Beta }", withFields(["X-Version", "beta"]))).toBeFalse();
  });

  test("in several lines is one value", () => {
    const both = withFields(["x-version", "2"], ["X-Version", "3"]);
    expect(accepts('headers: { x-version: "2" }', both)).toBeFalse();
    expect(accepts('headers: { x-version: "2, 3" }', both)).toBeTrue();
  });

  test("may have one of several values", () => {
    const some = 'headers: { x-version: ["2", "3"] }';
    expect(accepts(some, withFields(["x-version", "3"]))).toBeTrue();
    expect(accepts(some, withFields(["x-version", "4"]))).toBeFalse();
  });

  test("must be there or must not, whatever its value", () => {
    const empty = withFields(["x-beta", ""]);
    expect(accepts("headers: { x-beta: { present: true } }", empty)).toBeTrue();
    expect(accepts("headers: { x-beta: { present: true } }", {})).toBeFalse();
    expect(accepts("headers: { x-beta: { present: false } }", empty)).toBeFalse();
    expect(accepts("headers: { x-beta: { present: false } }", {})).toBeTrue();
  });

  test("is matched by an expression anywhere, unless that is anchored", () => {
    const beta = withFields(["cookie", "a=1; beta=1; b=2"]);
    expect(accepts('headers: { cookie: { matches: "beta=1" } }', beta)).toBeTrue();
    expect(accepts('headers: { cookie: { matches: "^beta=1" } }', beta)).toBeFalse();
    expect(accepts('headers: { cookie: { matches: "(?i)(^|; )BETA=1(;|$)" } }', beta)).toBeTrue();
    expect(accepts('headers: { cookie: { matches: ".*" } }', {})).toBeFalse();
  });

  test("of UTF-8 is compared as text", () => {
    const sent = withFields(["x-city", Buffer.from("Köln").toString("latin1")]);
    expect(accepts("headers: { x-city: Köln }", sent)).toBeTrue();
    expect(accepts('headers: { x-city: { matches: "^K.ln$" } }', sent)).toBeTrue();
  });

  test("by which proxies identify clients is absent unless a trusted one sends it", () => {
    const forwarded = withFields(["X-Forwarded-Proto", "https"]);
    const trusted = { ...forwarded, client: { viaTrustedProxy: true } };
    const https = "headers: { x-forwarded-proto: https }";
    expect(accepts(https, forwarded)).toBeFalse();
    expect(accepts(https, trusted)).toBeTrue();
    const absent = "headers: { x-forwarded-proto: { present: false } }";
    expect(accepts(absent, forwarded)).toBeTrue();
    expect(accepts(absent, trusted)).toBeFalse();
  });

  test("that the configuration calls untrusted is absent as well", () => {
    const exchange = openExchange(withFields(["x-user", "root"]));
    const fields = new RequestFields(exchange.fields.all, new FieldRules(["X-User"]));
    const { target, client, request } = exchange;
    expect(accepts("headers: { x-user: root }", { target, client, request, fields })).toBeFalse();
  });

  test("that a preflight announces is taken to be there", () => {
    const preflight = (names: string): Opening => ({
      method: "OPTIONS",
      fields: {
        origin: "https://a.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": names,
      },
    });
    const two = 'headers: { x-version: "2" }';
    expect(accepts(two, preflight("content-type,x-version"))).toBeTrue();
    expect(accepts(two, preflight("content-type"))).toBeFalse();
    expect(
      accepts("headers: { x-version: { present: false } }", preflight("x-version")),
    ).toBeFalse();
    const notOne = { ...preflight("x-version"), method: "GET" };
    expect(accepts(two, notOne)).toBeFalse();
  });
});

describe("a query parameter", () => {
  const asking = (query: string): Opening => ({ url: `http://gateway.test/a${query}` });

  test("is compared decoded, with its name in its case", () => {
    const blank = 'query: { "a b": "c d" }';
    for (const query of ["?a+b=c+d", "?a%20b=c%20d", "?x=1&&%61+b=c%20%64&y"]) {
      expect(accepts(blank, asking(query))).toBeTrue();
    }
    expect(accepts(blank, asking("?A+b=c+d"))).toBeFalse();
    expect(accepts("query: { v: é }", asking("?v=%C3%A9"))).toBeTrue();
    expect(accepts("query: { é: v }", asking("?%C3%A9=v"))).toBeTrue();
  });

  test("that is repeated counts with its first value", () => {
    expect(accepts('query: { v: "2" }', asking("?v=2&v=3"))).toBeTrue();
    expect(accepts('query: { v: "2" }', asking("?v=3&v=2"))).toBeFalse();
  });

  test("must be there or must not, and may have one of several values or match", () => {
    expect(accepts("query: { v: { present: true } }", asking("?v"))).toBeTrue();
    expect(accepts("query: { v: { present: false } }", asking("?v"))).toBeFalse();
    expect(accepts("query: { v: { present: false } }", asking("?w"))).toBeTrue();
    expect(accepts("query: { v: [a, b] }", asking("?v=b"))).toBeTrue();
    expect(accepts('query: { v: { matches: "^[0-9]+$" } }', asking("?v=12"))).toBeTrue();
    expect(accepts('query: { v: { matches: "^[0-9]+$" } }', asking("?v=1a"))).toBeFalse();
  });
});

describe("a client", () => {
  test("must be in one of the networks", () => {
    const inside = "clients: [10.0.0.0/8, '2001:db8::/32', 192.0.2.7]";
    const from = (address: string): Opening => ({ client: { address } });
    for (const address of ["10.1.2.3", "2001:db8::9", "192.0.2.7"]) {
      expect(accepts(inside, from(address))).toBeTrue();
    }
    for (const address of ["11.0.0.1", "2001:db9::1", "192.0.2.8", ""]) {
      expect(accepts(inside, from(address))).toBeFalse();
    }
  });
});

describe("a route's conditions", () => {
  test("are one for each field, parameter and list of clients", () => {
    const all = conditions(
      [
        'headers: { X-A: "1", x-b: { matches: "^b" }, x-c: { present: false } }',
        "query: { v: [a, b] }",
        "clients: [10.0.0.0/8, 192.0.2.7]",
      ].join("\n    "),
    );
    expect(all.map(({ text }) => text)).toEqual([
      'the field x-a is "1"',
      "the field x-b matches ^b",
      "the field x-c is absent",
      'the query parameter v is "a" or "b"',
      "the client is in 10.0.0.0/8 or 192.0.2.7",
    ]);
    expect(all.map(({ weight }) => weight)).toEqual([1, 1, 1, 1, 1]);
  });

  test("do not show what is probably a secret", () => {
    const [condition] = conditions("headers: { authorization: Basic Og== }");
    expect(condition?.text).toBe("the field authorization has a certain value");
    expect(condition?.key).toContain("Og==");
    const [shown] = conditions("headers: { authorization: { present: true } }");
    expect(shown?.text).toBe("the field authorization is there");
    expect(conditions("query: { api_key: abc }")[0]?.text).not.toContain("abc");
  });

  test("without any are none", () => {
    expect(loaded(ROUTE).routes.map((one) => conditionsOf(one).conditions)).toEqual([undefined]);
    expect(conditions("query: {}")).toEqual([]);
  });
});
