import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import { Redirect } from "../../../../src/policies/answering/redirect.ts";
import { TEST_TIMEOUT_MS } from "../../../support/patience.ts";
import { errorsIn } from "../../config/loading.ts";
import type { Opening } from "../../pipeline/opening.ts";
import { parsedText } from "../../pipeline/parsed-text.ts";
import { routed } from "../rewriting/rewritten.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** Where a client is sent, or the code of the error that it gets. */
function sentTo(
  to: string,
  path: string,
  target: string,
  opening: Opening & { host?: string } = {},
): string {
  const exchange = routed(path, target, opening);
  if (typeof exchange === "string") return exchange;
  if (opening.host !== undefined) exchange.target = { ...exchange.target, host: opening.host };
  try {
    return new Redirect(parsedText(to)).handle(exchange).fields.get("location")!;
  } catch (error) {
    if (error instanceof GatewayError) return error.code;
    throw error;
  }
}

describe("a redirect", () => {
  test.each([
    [
      "https://{request.host}/v2/users/{path.id}",
      "/users/:id",
      "/users/7?a=1",
      "https://gateway.test:8080/v2/users/7?a=1",
    ],
    ["https://{request.hostname}{request.path}", "/*", "/a/b?c", "https://gateway.test/a/b?c"],
    ["https://{request.host}:8443{request.path}", "/*", "/a", "https://gateway.test:8443/a"],
    [
      "{request.scheme}://{request.hostname}:8083{request.path}",
      "/*",
      "/port",
      "http://gateway.test:8083/port",
    ],
    ["{request.scheme}://example.org{request.path}", "/*", "/a", "http://example.org/a"],
    ["{request.scheme}://example.org:{request.port}/", "/*", "/a", "http://example.org:8080/"],
    ["{request.scheme}://example.org:80{request.path}", "/*", "/a", "http://example.org/a"],
    ["https://example.org:443{request.path}", "/*", "/a", "https://example.org/a"],
    ["https://example.org:80{request.path}", "/*", "/a", "https://example.org:80/a"],
    ["https://www.{request.host}/", "/*", "/a", "https://www.gateway.test:8080/"],
    ["https://example.org", "/*", "/a?b", "https://example.org/?b"],
    ["https://example.org?", "/*", "/a?b", "https://example.org/"],
    [
      "HTTPS://example.org/x?from={request.path}",
      "/*",
      "/a/b",
      "https://example.org/x?from=%2Fa%2Fb",
    ],
    [
      "https://example.org/x?{request.query}&y=1#top",
      "/*",
      "/a?b=c",
      "https://example.org/x?b=c&y=1#top",
    ],
    ["https://example.org/x#{path.id}", "/:id", "/a%20b?c", "https://example.org/x?c#a%20b"],
    ["https://example.org/#/a?b", "/*", "/", "https://example.org/#/a?b"],
    [
      "https://{path.tenant}.example.com/{path.rest}",
      "/:tenant/*rest",
      "/acme/x/y",
      "https://acme.example.com/x/y",
    ],
    ["/replacement/{path.rest}", "/original/*rest", "/original/lemon?a", "/replacement/lemon?a"],
    ["/new?", "/*", "/old?a=1", "/new"],
    ["{request.path}/", "/*", "/folder?a", "/folder/?a"],
    ["/caf\u00E9", "/*", "/", "/caf%C3%A9"],
    ["/x", "/*", '/?q=\u00E9"<>|\\^`{}%zz%20', "/x?q=%E9%22%3C%3E%7C%5C%5E%60%7B%7D%25zz%20"],
  ])("to %p of the route %p sends %p to %p", (to, path, target, expected) => {
    expect(sentTo(to, path, target)).toBe(expected);
  });

  test.each([
    ["https://{request.host}/x", { host: "" }, "invalid_host"],
    ["https://{request.host}/x", { host: "[::1]:8080" }, "https://[::1]:8080/x"],
    ["https://{request.hostname}:444/x", { host: "[::1]:8080" }, "https://[::1]:444/x"],
    [
      "https://{header.x-tenant}.example.com/",
      { fields: { "x-tenant": "evil.test/" } },
      "invalid_host",
    ],
    [
      "https://{header.x-tenant}.example.com/",
      { fields: { "x-tenant": "evil.test#" } },
      "invalid_host",
    ],
    [
      "https://{header.x-tenant}.example.com/",
      { fields: { "x-tenant": "evil.test\\" } },
      "invalid_host",
    ],
    [
      "https://{header.x-tenant}.example.com/",
      { fields: { "x-tenant": "a:b@evil.test" } },
      "invalid_host",
    ],
    ["https://{header.x-tenant}.example.com/", {}, "invalid_host"],
    ["https://example.org:{request.port}/", { host: "a.test" }, "https://example.org:80/"],
    ["http://example.org:{request.port}/", { host: "a.test" }, "http://example.org/"],
    ["http://{request.host}/", { host: "a.test:80" }, "loop_detected"],
    ["/x/{header.x-next}", { fields: { "x-next": "//evil.test" } }, "/x/%2F%2Fevil.test"],
    ["/{header.x-next}", { fields: { "x-next": "/evil.test" } }, "/%2Fevil.test"],
    ["/{header.x-next}/x", {}, "invalid_path"],
    ["/a/{header.x-next}", { fields: { "x-next": ".." } }, "invalid_path"],
  ])("to %p with %j leads to %p", (to, opening, expected) => {
    expect(sentTo(to, "/*", "/", opening as Opening & { host?: string })).toBe(expected);
  });

  test("that leads back to the request is an error", () => {
    expect(sentTo("{request.path}", "/*", "/a?b")).toBe("loop_detected");
    expect(sentTo("http://{request.host}{request.path}", "/*", "/a?b")).toBe("loop_detected");
    expect(sentTo("{request.scheme}://GATEWAY.test:8080/a", "/*", "/a")).toBe("loop_detected");
    expect(sentTo("/a?c", "/*", "/a?b")).toBe("/a?c");
    expect(sentTo("https://{request.host}{request.path}", "/*", "/a?b")).toBe(
      "https://gateway.test:8080/a?b",
    );
  });

  test("by 303 may lead from a POST to the same URL, which is then asked for by GET", () => {
    const redirect = new Redirect({ to: parsedText("{request.path}"), status: 303 });
    const location = (method: string) => {
      const exchange = routed("/*", "/form", { method });
      if (typeof exchange === "string") throw new Error(exchange);
      return redirect.handle(exchange).fields.get("location");
    };
    expect(location("POST")).toBe("/form");
    expect(() => location("GET")).toThrow("redirects the request to itself");
  });

  test("by 308 keeps the method by default, is not cached, and has a text for people", () => {
    const exchange = routed("/*", "/a");
    if (typeof exchange === "string") throw new Error(exchange);
    const answer = new Redirect(parsedText("/b")).handle(exchange);
    expect(answer.status).toBe(308);
    expect(answer.body).toBe("/b\n");
    expect(answer.fields.get("cache-control")).toBe("no-store");
    expect(new Redirect({ to: parsedText("/b"), status: 303 }).handle(exchange).status).toBe(303);
  });

  const PIECES =
    "/ // \\ \\\\ %2F %2f %5C %252F . .. %2e ; ..; @ : %40 ? # & evil.test http: https://evil.test %0d%0a \t %20 %00 a".split(
      " ",
    );
  const hostile = fc
    .array(fc.constantFrom(...PIECES), { maxLength: 8 })
    .map((pieces) => pieces.join(""));

  test("leads to no other host, whatever the client sends", () => {
    const texts = [
      "/{path.rest}",
      "{request.path}",
      "/x{request.path}",
      "/{query.v}",
      "/{header.x-v}/{path.rest}",
      "/{cookie.v}?{request.query}",
      "https://gateway.test/{path.rest}",
      "https://gateway.test{request.path}?{request.query}",
      "https://gateway.test/{query.v}#{header.x-v}",
      "https://gateway.test?{request.query}",
    ];
    fc.assert(
      fc.property(hostile, hostile, fc.constantFrom(...texts), (rest, value, to) => {
        const fields = { "x-v": value, cookie: `v=${value}` };
        const location = sentTo(to, "/*rest", `/${rest}`, { fields });
        if (/^(?:invalid_path|refused|not_found|loop_detected)$/.test(location)) return;
        // oxlint-disable-next-line no-control-regex -- these are what it is about
        expect(location).not.toMatch(/[\0-\x20\x7F-\uFFFF"<>\\^`{|}]|%(?![0-9A-Fa-f]{2})/);
        for (const base of ["https://gateway.test/deep/er", "http://gateway.test"]) {
          expect(new URL(location, base).host).toBe("gateway.test");
        }
      }),
      { numRuns: 6_000 },
    );
  });
});

describe("the configuration of a redirect", () => {
  const route = (line: string) => `routes:\n  - path: /a/:id\n    ${line}\n`;

  test.each([
    "redirect: /b",
    "redirect: https://example.com",
    'redirect: "{request.scheme}://{request.host}/b"',
    'redirect: { to: "https://{auth.claims.home}/", status: 302 }',
    'redirect: { to: "https://{request.host}:8443{request.path}?" }',
  ])("%s is valid", (line) => {
    expect(errorsIn(route(line))).toEqual([]);
  });

  const CLIENT = "clients could be sent to any host by this: ";
  test.each([
    ["redirect: b", 'a redirect leads to a path that begins with "/", or to a URL'],
    ["redirect: example.com/b", "a host is written after a scheme: write `https://example.com/b`"],
    [
      'redirect: "{request.host}/b"',
      "a host is written after a scheme: write `https://{request.host}/b`",
    ],
    ["redirect: //example.com/", "write `https:` or `{request.scheme}:` before the `//`"],
    ["redirect: ftp://example.com/", "redirects lead to http and https URLs"],
    ["redirect: 'javascript:alert(1)'", 'a redirect leads to a path that begins with "/"'],
    ['redirect: "{query.next}"', 'a redirect leads to a path that begins with "/"'],
    ['redirect: "https://{query.next}"', CLIENT],
    ['redirect: "https://example.com{query.next}/"', CLIENT],
    ['redirect: "https://example.com{path.id}"', CLIENT],
    ['redirect: "https://example.com:{query.port}/"', CLIENT],
    ['redirect: "https://{header.x-forwarded-host}/"', CLIENT],
    ['redirect: "https://example.{query.end}/"', CLIENT],
    ['redirect: "https://user@example.com/"', "a redirect cannot have a user name or a password"],
    [
      'redirect: "https://a:{auth.subject}/"',
      "a host with an optional port must follow the scheme",
    ],
    ['redirect: "https:///b"', "a host with an optional port must follow the scheme"],
    ['redirect: "https://exa mple.com/"', "a host with an optional port must follow the scheme"],
    ["redirect: /b/../c", 'a path cannot have a "." or ".." segment'],
    ["redirect: /b//c", 'a path has a single "/" between segments'],
    [
      'redirect: "https://example.com/{request.path}"',
      "`{request.path}` begins with a slash itself",
    ],
    ["redirect: /b%2", 'a "%" must be followed by two hexadecimal digits'],
    ["redirect: /{path.name}", "the path of this route has no `:name` or `*name`"],
    ["redirect: { to: /b, status: 304 }", "expected 301, 302, 303, 307 or 308, got 304"],
    [
      "redirect: { to: /b, status: permanent }",
      'expected 301, 302, 303, 307 or 308, got the text "permanent"; write `308`',
    ],
    ["redirect: { status: 301 }", "missing key `to`"],
    [
      "redirect: { to: /b }\n    strip_prefix: /a",
      "`strip_prefix` changes what a backend gets, and this route sends nothing to one",
    ],
    ["redirect: { to: /b }\n    rewrite: /c", "`rewrite` changes what a backend gets"],
    ["redirect: { to: /b }\n    backends: [http://a]", "requests go to one place: "],
    ["redirect: { to: /b }\n    respond: 404", "requests go to one place: "],
  ])("%s is refused: %s", (line, message) => {
    expect(errorsIn(route(line))).toEqual([expect.stringContaining(message)]);
  });
});
