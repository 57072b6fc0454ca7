import { describe, expect, test } from "bun:test";
import type { Exchange } from "../../../../src/pipeline/exchange.ts";
import { transformRequest } from "../../../../src/policies/transform/request.ts";
import { FakeClock } from "../../../support/fake-clock.ts";
import { type Opening, openExchange } from "../../pipeline/opening.ts";
import { issuesOf, policyFrom } from "../chain.ts";

const scope = transformRequest.route;

/** An exchange after the policy. */
function transformed(config: unknown, opening: Opening = {}): Exchange {
  const exchange = openExchange(opening);
  void policyFrom(scope, config)?.request?.(exchange);
  return exchange;
}

describe("a request's fields", () => {
  test("are removed, set and added in this order, under every spelling", () => {
    const { outgoing } = transformed(
      {
        headers: {
          set: { "X-Tenant": "acme", "x-new": "1" },
          add: { "x-list": ["b", "c"], "x-tenant": "more" },
          remove: ["Cookie", "x-forwarded-for"],
        },
      },
      { fields: { "x-tenant": "evil", x_tenant: "evil", "x-list": "a", cookie: "a=b" } },
    );
    expect(outgoing.get("x-tenant")).toBe("acme, more");
    expect(outgoing.get("x_tenant")).toBeNull();
    expect(outgoing.get("x-new")).toBe("1");
    expect(outgoing.get("x-list")).toBe("a, b, c");
    expect(outgoing.get("cookie")).toBeNull();
    expect(outgoing.get("x-forwarded-for")).toBeNull();
  });

  test("take values of the request, in which nothing can begin a field of its own", () => {
    const { outgoing } = transformed(
      { headers: { set: { "x-q": "<{query.q}>", "x-u": "{query.u}" } } },
      { url: "http://gateway.test/?q=a%0d%0aX-Admin:%201%00&u=%C3%A9%F0%9F%98%80" },
    );
    expect(outgoing.get("x-q")).toBe("<a%0D%0AX-Admin: 1%00>");
    expect(outgoing.get("x-u")).toBe(Buffer.from("é😀").toString("latin1"));
  });

  test("are not sent without a value, and the client's are not either", () => {
    const { outgoing } = transformed(
      { headers: { set: { "x-user": "{auth.subject}" }, add: { "x-more": " {query.none} " } } },
      { fields: { "x-user": "root" } },
    );
    expect(outgoing.get("x-user")).toBeNull();
    expect(outgoing.get("x-more")).toBeNull();
  });
});

describe("a request's query", () => {
  const query = (config: unknown, written: string) =>
    transformed({ query: config }, { url: `http://gateway.test/${written}` }).outgoing.query;

  test.each([
    ["?a=1&b=%7e+x&&c", { remove: ["a"] }, "?b=%7e+x&&c"],
    ["?b=%7e+x&%61=1&a=2&c=%zz", { set: { a: "0" } }, "?b=%7e+x&a=0&c=%zz"],
    ["?a%5B%5D=1&a+b=2&%E9=3&é=4", { remove: ["a[]", "a b", "é"] }, "?%E9=3"],
    ["?a=1", { remove: ["a"] }, ""],
    ["", { set: { a: "" } }, "?a="],
    ["?a", { set: { a: "x&y=z #é" } }, "?a=x%26y%3Dz%20%23%C3%A9"],
    ["?a=1&b=2", { add: { a: ["3", "4"], "b&c": "=" } }, "?a=1&b=2&a=3&a=4&b%26c=%3D"],
    ["?a=1", { remove: ["a"], add: { a: "2" } }, "?a=2"],
    ["?A=1", { remove: ["a"] }, "?A=1"],
    ["?__proto__=1&constructor=2", { remove: ["__proto__"] }, "?constructor=2"],
    ["?q=a%26admin%3D1", { set: { p: "{query.q}" } }, "?q=a%26admin%3D1&p=a%26admin%3D1"],
    ["?a=1&b=%20", { set: { all: "{request.query}" } }, "?a=1&b=%20&all=a%3D1%26b%3D%2520"],
  ])("%s is changed: %j", (written, config, expected) => {
    expect(query(config, written)).toBe(expected);
  });
});

describe("a request's JSON content", () => {
  const config = {
    json: {
      set: { "meta.user": "{header.x-user}", list: [1, "{request.method}", null] },
      remove: ["secret"],
      rename: { mail: "email" },
    },
  };
  const edit = (opening: Opening) => {
    const { contentEdit } = transformed(config, { method: "POST", ...opening }).outgoing;
    const content = Buffer.from(typeof opening.body === "string" ? opening.body : "");
    return contentEdit?.edit(content)?.toString();
  };

  test("is edited, with values that are encoded for it", () => {
    const body = '{"n":1.0,"mail":"a@b","secret":1}';
    const fields = { "content-type": "application/json", "x-user": 'a"b\u00e9' };
    expect(edit({ body, fields })).toBe(
      '{"n":1.0,"email":"a@b","meta":{"user":"a\\"b\u{FFFD}"},"list":[1,"POST",null]}',
    );
  });

  test.each([
    "application/json",
    "Application/JSON; charset=utf-8",
    "application/problem+json",
    "application/vnd.api.v2+json",
    "text/json",
  ])("is what its type says: %s", (type) => {
    expect(edit({ body: "{}", fields: { "content-type": type } })).toBeDefined();
  });

  test.each([
    ["text/plain", {}],
    ["application/grpc+json", {}],
    ["application/stream+json", {}],
    ["application/json; stream=watch", {}],
    ["application/jsonp", {}],
    ["application/json, application/json", {}],
    ["application/json", { "content-encoding": "gzip" }],
    ["application/json", { "content-range": "bytes 0-1/5" }],
  ])("passes as it is: %s %j", (type, fields) => {
    expect(edit({ body: "{}", fields: { "content-type": type, ...fields } })).toBeUndefined();
  });

  test("takes its type from the field that the backend gets", () => {
    const { outgoing } = transformed(
      { headers: { set: { "content-type": "application/json" } }, json: { remove: ["a"] } },
      { method: "POST", body: "{}", fields: { "content-type": "text/plain" } },
    );
    expect(outgoing.contentEdit).toBeDefined();
  });

  test("is nothing where there is none", () => {
    expect(transformed(config).outgoing.contentEdit).toBeUndefined();
  });

  test("that passes is logged once a minute for each reason", () => {
    const clock = new FakeClock();
    const lines: string[] = [];
    const policy = policyFrom(scope, config, clock, "/things", undefined, (level, message) =>
      lines.push(`${level} ${message}`),
    );
    const send = (fields: Record<string, string>) => {
      const exchange = openExchange({ method: "POST", body: "{", fields });
      void policy?.request?.(exchange);
      exchange.outgoing.contentEdit?.edit(Buffer.from("{"));
      exchange.outgoing.contentEdit?.tooLarge();
    };
    send({ "content-type": "text/plain" });
    send({ "content-type": "text/html" });
    send({ "content-type": "application/json" });
    send({ "content-type": "application/json", "content-encoding": "br" });
    clock.advance(59_999);
    send({});
    expect(lines).toEqual(
      [
        "its type is text/plain, not JSON",
        "it is not valid JSON",
        "it is larger than max_size, 1048576 bytes",
        "it is encoded with br",
      ].map(
        (reason) =>
          `info /things: a request's content passed unchanged, because ${reason} (logged at most once a minute)`,
      ),
    );
    clock.advance(1);
    send({});
    expect(lines.at(-1)).toContain("because it has no type, not JSON");
    expect(lines).toHaveLength(5);
  });
});

describe("a request's transformation", () => {
  test("is none under `false`", () => {
    expect(policyFrom(scope, false)).toBeUndefined();
    expect(issuesOf(scope, false)).toEqual([]);
  });

  test.each([
    [{ headers: { set: { Host: "a" } } }, ["headers", "set", "Host"], "the key `host`"],
    [{ headers: { set: { X_Forwarded_For: "a" } } }, ["headers", "set", "X_Forwarded_For"], "sets"],
    [{ headers: { add: { te: "a" } } }, ["headers", "add", "te"], "framing"],
    [{ headers: { add: { "x y": "a" } } }, ["headers", "add", "x y"], "not a field name"],
    [{ headers: { remove: ["a", "Via"] } }, ["headers", "remove", 1], "loop"],
    [{ headers: { set: { "x-a": "1", "X-A": "2" } } }, ["headers", "set", "X-A"], "same field"],
    [{ headers: { set: { a: "{backend.url}" } } }, ["headers", "set", "a"], "chosen yet"],
    [{ query: { set: { "": "a" } } }, ["query", "set", ""], "missing"],
    [{ query: { remove: ["a%20b"] } }, ["query", "remove", 0], "`a b`"],
    [{ json: { set: { "a..b": 1 } } }, ["json", "set", "a..b"], "missing"],
    [{ json: { set: { "a\\b": 1 } } }, ["json", "set", "a\\b"], "backslash"],
    [{ json: { set: { a: {}, "a.b.c": 1 } } }, ["json", "set", "a.b.c"], "as a whole"],
    [{ json: { rename: { a: "b.c" } } }, ["json", "rename", "a"], "like `c`"],
    [{ json: { rename: { a: "c", b: "c" } } }, ["json", "rename", "b"], "same name"],
    [{ json: { rename: { "a.*": "c" } } }, ["json", "rename", "a.*"], "no names"],
    [{ json: { remove: ["a"], rename: { a: "b" } } }, ["json", "rename", "a"], "removed"],
  ])("is refused: %j", (config, path, message) => {
    const issues = issuesOf(scope, config);
    expect(issues).toHaveLength(1);
    expect(issues[0]?.path).toEqual(path);
    expect(issues[0]?.message).toContain(message);
  });

  test("may keep what the gateway says about the client from a backend", () => {
    const config = { headers: { remove: ["x-forwarded-for", "x-real-ip", "x-request-id"] } };
    expect(issuesOf(scope, config)).toEqual([]);
  });

  test.each([
    { headers: { set: { a: "b" }, remove: ["A"] } },
    { query: { set: { a: "b" }, remove: ["a"] } },
    { json: { set: { a: 1 }, remove: ["a"] } },
  ])("is warned of what has no effect: %j", (config) => {
    const issues = issuesOf(scope, config);
    expect(issues).toHaveLength(1);
    expect(issues[0]?.severity).toBe("warning");
  });
});
