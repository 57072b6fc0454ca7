import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import { securityHeaders } from "../../../../src/policies/security-headers/security-headers.ts";
import { answerWith } from "../../pipeline/answers.ts";
import { openExchange } from "../../pipeline/opening.ts";
import { Chain, issuesOf, policyFrom } from "../chain.ts";

type Fields = Record<string, string>;

/** The fields of an answer to a client that came by https, or by http. */
function fieldsFor(
  written: unknown,
  backend: Fields = {},
  { protocol = "https", status = 200 }: { protocol?: "http" | "https"; status?: number } = {},
): Fields {
  const exchange = openExchange({ client: { protocol } });
  const answer = answerWith(null, backend, status);
  void policyFrom(securityHeaders.route, written)?.response?.(exchange, answer);
  return Object.fromEntries(answer.fields.list.map(({ name, value }) => [name, value]));
}

const USUAL = {
  "x-content-type-options": "nosniff",
  "x-frame-options": "SAMEORIGIN",
  "referrer-policy": "strict-origin-when-cross-origin",
  "strict-transport-security": "max-age=31536000",
};

describe("by default an answer has", () => {
  test("what is safe for every application", () => {
    expect(fieldsFor(true)).toEqual(USUAL);
    expect(fieldsFor({})).toEqual(USUAL);
  });

  test("no promise of https if it came by http", () => {
    const { "strict-transport-security": _, ...others } = USUAL;
    expect(fieldsFor(true, {}, { protocol: "http" })).toEqual(others);
  });

  test("nothing that says which software answered", () => {
    const told = {
      server: "Apache/2.4.1",
      "x-powered-by": "PHP/5.6",
      "x-aspnet-version": "4.0",
      "x-aspnetmvc-version": "5.2",
      etag: '"a"',
    };
    expect(fieldsFor(true, told)).toEqual({ etag: '"a"', ...USUAL });
    expect(fieldsFor({ remove: [] }, told)).toEqual({ ...told, ...USUAL });
    expect(fieldsFor({ remove: ["ETag"] }, told)).not.toHaveProperty("etag");
  });
});

describe("a backend's own value", () => {
  const own = {
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "strict-transport-security": "max-age=60",
    "content-security-policy": "default-src 'self'",
  };

  test("stays, and none is doubled", () => {
    const fields = fieldsFor({ csp: "default-src 'none'" }, own);
    expect(fields).toEqual({ ...own, "x-content-type-options": "nosniff" });
  });

  test("is replaced if that is asked for", () => {
    const fields = fieldsFor({ csp: "default-src 'none'", override: true }, own);
    expect(fields).toEqual({ ...USUAL, "content-security-policy": "default-src 'none'" });
  });

  test("stays where the gateway sends none, whatever is replaced", () => {
    expect(fieldsFor({ override: true, frame_options: false }, own)).toMatchObject({
      "x-frame-options": "DENY",
      "content-security-policy": "default-src 'self'",
    });
  });

  test("that promises https is not passed on over http", () => {
    expect(fieldsFor(true, own, { protocol: "http" })).not.toHaveProperty(
      "strict-transport-security",
    );
  });
});

describe("of each field", () => {
  test.each([
    [{ hsts: "1h" }, "strict-transport-security", "max-age=3600"],
    [{ hsts: { max_age: 0 } }, "strict-transport-security", "max-age=0"],
    [
      { hsts: { max_age: "730d", include_subdomains: true, preload: true } },
      "strict-transport-security",
      "max-age=63072000; includeSubDomains; preload",
    ],
    [{ hsts: false }, "strict-transport-security", undefined],
    [{ nosniff: false }, "x-content-type-options", undefined],
    [{ frame_options: "deny" }, "x-frame-options", "DENY"],
    [{ frame_options: false }, "x-frame-options", undefined],
    [{ referrer_policy: "no-referrer" }, "referrer-policy", "no-referrer"],
    [{ referrer_policy: false }, "referrer-policy", undefined],
    [
      { csp: "default-src 'self';\n  img-src *;\n" },
      "content-security-policy",
      "default-src 'self'; img-src *;",
    ],
    [
      { csp_report_only: "default-src 'self'" },
      "content-security-policy-report-only",
      "default-src 'self'",
    ],
    [{ permissions_policy: "camera=()" }, "permissions-policy", "camera=()"],
    [{ cross_origin_opener_policy: "same-origin" }, "cross-origin-opener-policy", "same-origin"],
    [
      { cross_origin_embedder_policy: "require-corp" },
      "cross-origin-embedder-policy",
      "require-corp",
    ],
    [{ cross_origin_resource_policy: "same-site" }, "cross-origin-resource-policy", "same-site"],
  ])("%p sends %s: %p", (written, name, value) => {
    expect(fieldsFor(written)[name]).toBe(value);
  });
});

test("the answer to an upgrade is left alone", () => {
  expect(fieldsFor(true, { server: "a" }, { status: 101 })).toEqual({ server: "a" });
});

test("errors of the gateway have the fields too", async () => {
  const chain = new Chain([policyFrom(securityHeaders.route, true)], () => {
    throw new GatewayError("backend_timeout", "too slow");
  });
  const answer = await chain.send();
  expect(answer.status).toBe(504);
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
});

test("no policy is made of what is turned off", () => {
  expect(policyFrom(securityHeaders.route, false)).toBeUndefined();
});

describe("of what browsers would ignore", () => {
  test.each([
    [
      { csp: "defualt-src 'self'" },
      "browsers ignore `defualt-src`, which is not a directive; did you mean `default-src`?",
    ],
    [
      { csp: "default-src 'self', img-src *; xx" },
      "browsers ignore `xx`, which is not a directive; directives are separated by `;`",
    ],
    [
      { csp: "img-src a; IMG-SRC b" },
      "browsers ignore the second `IMG-SRC`; write one with both values",
    ],
    [
      { csp_report_only: "default-src self" },
      "`self` is a host here; the keyword is `'self'`, with its quotes",
    ],
    [
      { permissions_policy: "camera 'none'" },
      "browsers ignore all of this because of `camera 'none'`; write it like `camera=(), geolocation=(self \"https://maps.example.com\")`",
    ],
  ])("%p is warned of", (written, message) => {
    const [key = ""] = Object.keys(written);
    expect(issuesOf(securityHeaders.route, written)).toEqual([
      { path: [key], message, severity: "warning" },
    ]);
  });

  test.each([
    {
      csp: "default-src 'self'; script-src 'nonce-a' 'strict-dynamic'; upgrade-insecure-requests;",
    },
    { csp: "trusted-types none; sandbox allow-forms" },
    {
      permissions_policy:
        'camera=(), geolocation=(self "https://a.example"), fullscreen=*, usb=self',
    },
    { permissions_policy: "camera=();report-to=main" },
    { hsts: { preload: true, include_subdomains: true } },
    { remove: ["X-Generator"] },
  ])("%p is good", (written) => {
    expect(issuesOf(securityHeaders.route, written)).toEqual([]);
  });

  test.each([
    [{ hsts: { preload: true } }, ["hsts", "preload"]],
    [{ hsts: { preload: true, include_subdomains: true, max_age: "30d" } }, ["hsts", "preload"]],
    [{ csp: "default-src caf\u00e9" }, ["csp"]],
    [{ csp: " " }, ["csp"]],
    [{ remove: ["transfer-encoding"] }, ["remove", 0]],
    [{ remove: ["a b"] }, ["remove", 0]],
  ])("%p is an error", (written, path) => {
    expect(issuesOf(securityHeaders.route, written)).toMatchObject([{ path }]);
  });
});
