import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { cors } from "../../../src/policies/cors.ts";
import { answerWith } from "../pipeline/answers.ts";
import { Chain, issuesOf, policyFrom } from "./chain.ts";

const APP = "https://app.example.com";
const STRANGER = "https://evil.test";

function chain(config: object, backendFields: Record<string, string> = {}): Chain {
  return new Chain([policyFrom(cors.global, config)], () => answerWith("ok", backendFields));
}

const get = (origin?: string) => ({ fields: origin === undefined ? {} : { origin } });

const preflight = (origin: string, method = "PUT", fields?: string) => ({
  method: "OPTIONS",
  fields: {
    origin,
    "access-control-request-method": method,
    ...(fields === undefined ? {} : { "access-control-request-headers": fields }),
  },
});

/** The fields of an answer that CORS is about. */
function corsFields({ headers }: Response): Record<string, string> {
  return Object.fromEntries(
    [...headers].filter(([name]) => name === "vary" || name.startsWith("access-control-")),
  );
}

describe("an answer to a page of another origin", () => {
  test("may be read by any page where any origin is allowed, and is the same for all", async () => {
    const any = chain({ allowed_origins: ["*"] });
    for (const asked of [get(APP), get(STRANGER), get("null"), get()]) {
      expect(corsFields(await any.send(asked))).toEqual({ "access-control-allow-origin": "*" });
    }
  });

  test("may be read by any page where no origins are named", async () => {
    expect(corsFields(await chain({}).send(get(APP)))).toEqual({
      "access-control-allow-origin": "*",
    });
  });

  test("names the page's origin where that is in the list", async () => {
    const listed = chain({ allowed_origins: ["https://other.example", APP] });
    expect(corsFields(await listed.send(get(APP)))).toEqual({
      "access-control-allow-origin": APP,
      vary: "Origin",
    });
  });

  test("names no origin for a page that is not in the list, nor for none", async () => {
    const listed = chain({ allowed_origins: [APP] });
    for (const asked of [get(STRANGER), get("null"), get(`${APP}, ${APP}`), get()]) {
      expect(corsFields(await listed.send(asked))).toEqual({ vary: "Origin" });
    }
  });

  test("names the page's origin where a pattern allows it", async () => {
    const pattern = chain({ allowed_origins: ["https://*.example.com"] });
    expect(corsFields(await pattern.send(get(APP)))).toMatchObject({
      "access-control-allow-origin": APP,
    });
    expect(corsFields(await pattern.send(get("https://example.com")))).toEqual({ vary: "Origin" });
  });

  test("names an origin whose letters were written in another case", async () => {
    const listed = chain({ allowed_origins: ["HTTPS://App.Example.com"] });
    expect(corsFields(await listed.send(get(APP)))).toMatchObject({
      "access-control-allow-origin": APP,
    });
  });

  test("allows credentials to the listed origins alone", async () => {
    const listed = chain({ allowed_origins: [APP], allow_credentials: true });
    expect(corsFields(await listed.send(get(APP)))).toEqual({
      "access-control-allow-origin": APP,
      "access-control-allow-credentials": "true",
      vary: "Origin",
    });
    expect(corsFields(await listed.send(get(STRANGER)))).toEqual({ vary: "Origin" });
  });

  test("exposes the listed fields to those that may read it", async () => {
    const exposing = chain({ allowed_origins: [APP], exposed_headers: ["ETag", "X-Request-Id"] });
    expect(corsFields(await exposing.send(get(APP)))).toMatchObject({
      "access-control-expose-headers": "ETag, X-Request-Id",
    });
    expect(corsFields(await exposing.send(get(STRANGER)))).toEqual({ vary: "Origin" });
  });

  test("comes from the backend whatever the origin: browsers refuse it, not the gateway", async () => {
    const listed = chain({ allowed_origins: [APP] });
    const answer = await listed.send(get(STRANGER));
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe("ok");
    expect(listed.asked).toHaveLength(1);
  });

  test("has none of the backend's own CORS fields", async () => {
    const backend = {
      "access-control-allow-origin": "https://backend.example",
      "access-control-allow-credentials": "true",
      "access-control-expose-headers": "x-internal",
      "access-control-allow-methods": "DELETE",
      "access-control-allow-headers": "x-internal",
      "access-control-max-age": "600",
      "x-kept": "yes",
    };
    const any = await chain({}, backend).send(get(APP));
    expect(corsFields(any)).toEqual({ "access-control-allow-origin": "*" });
    expect(any.headers.get("x-kept")).toBe("yes");
    const listed = chain({ allowed_origins: [APP] }, backend);
    expect(corsFields(await listed.send(get(STRANGER)))).toEqual({ vary: "Origin" });
    expect(corsFields(await listed.send(get()))).toEqual({ vary: "Origin" });
  });

  test.each([
    ["Accept-Encoding", "Accept-Encoding, Origin"],
    ["accept-encoding, ORIGIN", "accept-encoding, ORIGIN"],
    ["X-Origin", "X-Origin, Origin"],
    ["*", "*"],
  ])("with the backend's Vary %s has Vary %s", async (backend, expected) => {
    const listed = chain({ allowed_origins: [APP] }, { vary: backend });
    expect((await listed.send(get(APP))).headers.get("vary")).toBe(expected);
  });

  test("leaves the backend's Vary alone where all origins get the same", async () => {
    const any = chain({}, { vary: "Accept" });
    expect((await any.send(get(APP))).headers.get("vary")).toBe("Accept");
  });

  test("can be read by the page when it is an error of the gateway", async () => {
    const failing = new Chain([policyFrom(cors.global, { allowed_origins: [APP] })], () => {
      throw new GatewayError("backend_timeout", "too slow");
    });
    const answer = await failing.send(get(APP));
    expect(answer.status).toBe(504);
    expect(corsFields(answer)).toEqual({ "access-control-allow-origin": APP, vary: "Origin" });
  });
});

describe("a preflight", () => {
  test("is answered with 204 and nothing in it, and goes no further", async () => {
    const any = chain({});
    const answer = await any.send(preflight(APP));
    expect(answer.status).toBe(204);
    expect(await answer.text()).toBe("");
    expect(any.asked).toEqual([]);
  });

  test("learns the methods, the fields asked for, and for how long", async () => {
    const any = chain({ allowed_methods: ["GET", "PUT"], max_age: "10m" });
    expect(corsFields(await any.send(preflight(APP, "PUT", "authorization,x-a")))).toEqual({
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "GET, PUT",
      "access-control-allow-headers": "authorization,x-a",
      "access-control-max-age": "600",
      vary: "Access-Control-Request-Headers",
    });
  });

  test("learns the listed fields, whatever it asked for", async () => {
    const listed = chain({ allowed_headers: ["Authorization", "X-A"] });
    expect(corsFields(await listed.send(preflight(APP, "PUT", "x-b")))).toEqual({
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "GET, HEAD, PUT, PATCH, POST, DELETE",
      "access-control-allow-headers": "Authorization, X-A",
    });
  });

  test("learns of no fields where none are allowed or none were asked for", async () => {
    const none = await chain({ allowed_headers: [] }).send(preflight(APP, "PUT", "x-b"));
    expect(none.headers.has("access-control-allow-headers")).toBe(false);
    const unasked = await chain({}).send(preflight(APP));
    expect(unasked.headers.has("access-control-allow-headers")).toBe(false);
  });

  test("does not get its request echoed if that is not a list of field names", async () => {
    const answer = await chain({}).send(preflight(APP, "PUT", 'x-a, "<b>"'));
    expect(answer.headers.has("access-control-allow-headers")).toBe(false);
  });

  test("for a method that is not allowed learns those that are, and fails by that", async () => {
    const listed = chain({ allowed_origins: [APP], allowed_methods: ["PUT"] });
    expect(corsFields(await listed.send(preflight(APP, "DELETE")))).toMatchObject({
      "access-control-allow-origin": APP,
      "access-control-allow-methods": "PUT",
    });
  });

  test("of a strange origin learns nothing, and fails by that", async () => {
    const listed = chain({ allowed_origins: [APP], allow_credentials: true, max_age: "1h" });
    const answer = await listed.send(preflight(STRANGER, "PUT", "x-a"));
    expect(answer.status).toBe(204);
    expect(corsFields(answer)).toEqual({ vary: "Origin, Access-Control-Request-Headers" });
    expect(listed.asked).toEqual([]);
  });

  test("with credentials learns what it asked for by name, not by a star", async () => {
    const listed = chain({
      allowed_origins: [APP],
      allowed_methods: ["*"],
      allow_credentials: true,
    });
    expect(corsFields(await listed.send(preflight(APP, "PATCH", "authorization")))).toEqual({
      "access-control-allow-origin": APP,
      "access-control-allow-credentials": "true",
      "access-control-allow-methods": "PATCH",
      "access-control-allow-headers": "authorization",
      vary: "Origin, Access-Control-Request-Method, Access-Control-Request-Headers",
    });
  });

  test("gets no exposed fields, which are for the actual answer", async () => {
    const answer = await chain({ exposed_headers: ["ETag"] }).send(preflight(APP));
    expect(answer.headers.has("access-control-expose-headers")).toBe(false);
  });

  test.each([
    ["1500ms", "1"],
    ["0", "0"],
    ["1d", "86400"],
  ])("may be remembered for %s, which is %s seconds", async (written, seconds) => {
    const answer = await chain({ max_age: written }).send(preflight(APP));
    expect(answer.headers.get("access-control-max-age")).toBe(seconds);
  });

  test.each([
    ["without a requested method", { origin: APP }],
    ["without an origin", { "access-control-request-method": "PUT" }],
  ])("is not what OPTIONS %s is: that goes to the backend", async (_what, fields) => {
    const any = chain({});
    expect((await any.send({ method: "OPTIONS", fields })).status).toBe(200);
    expect(any.asked).toHaveLength(1);
  });

  test("is the backend's to answer where CORS is switched off", async () => {
    expect(policyFrom(cors.global, { enabled: false })).toBeUndefined();
    const off = chain({ enabled: false }, { "access-control-allow-origin": "https://its.example" });
    expect(corsFields(await off.send(preflight(APP)))).toEqual({
      "access-control-allow-origin": "https://its.example",
    });
    expect(off.asked).toHaveLength(1);
  });
});

describe("a page that opens a WebSocket", () => {
  const asks = (origin?: string) => ({
    fields: { upgrade: "websocket", ...(origin === undefined ? {} : { origin }) },
  });

  test("may do so from an origin of the list, and a client that is no page from anywhere", async () => {
    const listed = chain({ allowed_origins: [APP] });
    expect((await listed.send(asks(APP))).status).toBe(200);
    expect((await listed.send(asks())).status).toBe(200);
  });

  test("is refused from any other origin, before a backend is asked", async () => {
    const listed = chain({ allowed_origins: [APP] });
    for (const origin of [STRANGER, "null", `${APP}.evil.test`, ""]) {
      const response = await listed.send(asks(origin));
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({
        code: "origin_not_allowed",
        detail: `pages of ${origin} may not open WebSockets here: it is not one of cors.allowed_origins`,
      });
    }
    expect(listed.asked).toEqual([]);
  });

  test("may do so where any origin is allowed, or CORS is not the gateway's", async () => {
    expect((await chain({ allowed_origins: ["*"] }).send(asks(STRANGER))).status).toBe(200);
    expect((await chain({ enabled: false }).send(asks(STRANGER))).status).toBe(200);
  });

  const statusFrom = async (origin: string, host: string) =>
    (await chain({ allowed_origins: [APP] }).send({ ...asks(origin), host })).status;

  test.each(["127.0.0.1:8080", "[::1]:8080", "10.0.0.7", "localhost:8080"])(
    "may do so from the gateway's own address %s",
    async (host) => {
      expect(await statusFrom(`http://${host}`, host)).toBe(200);
      expect(await statusFrom(`https://${host}`, host)).toBe(200);
      expect(await statusFrom(`http://${host}1`, host)).toBe(403);
    },
  );

  test.each(["evil.test", "gateway.test:8080", "localhost.evil.test", "127.0.0.1.evil.test"])(
    "may not because its name %s has been made to lead here",
    async (host) => {
      expect(await statusFrom(`http://${host}`, host)).toBe(403);
      expect(await statusFrom(`https://${host}`, host)).toBe(403);
    },
  );
});

describe("a CORS configuration", () => {
  test("is fine as people write it, at the top and for a route", () => {
    const written = {
      enabled: true,
      allowed_origins: ["*"],
      allowed_methods: ["GET", "POST", "PUT", "DELETE"],
    };
    expect(issuesOf(cors.global, written)).toEqual([]);
    expect(issuesOf(cors.route, { enabled: false })).toEqual([]);
    expect(cors.routeReplacesGlobal).toBe(true);
  });

  test("names each origin that is none", () => {
    expect(
      issuesOf(cors.global, { allowed_origins: ["example.com", APP, `${APP}/`] }),
    ).toMatchObject([
      { path: ["allowed_origins", 0], message: expect.stringContaining("a scheme and a host") },
      { path: ["allowed_origins", 2], message: expect.stringContaining(`write \`${APP}\``) },
    ]);
  });

  test("names each method and field that is none", () => {
    const written = {
      allowed_methods: ["*", "patch", "PSOT"],
      allowed_headers: ["*", "X-A:"],
      exposed_headers: ["", "ETag"],
    };
    expect(issuesOf(cors.global, written)).toMatchObject([
      { path: ["allowed_methods", 1], message: expect.stringContaining("write `PATCH`") },
      {
        path: ["allowed_methods", 2],
        message: expect.stringContaining("write `POST`"),
        severity: "warning",
      },
      { path: ["allowed_headers", 1] },
      { path: ["exposed_headers", 0] },
    ]);
  });

  test("allows somebody something, or is switched off", () => {
    expect(issuesOf(cors.global, { allowed_origins: [], allowed_methods: [] })).toMatchObject([
      { path: ["allowed_origins"] },
      { path: ["allowed_methods"] },
    ]);
  });

  test("does not allow credentials to any origin, nor expose all with them", () => {
    const written = { allow_credentials: true, exposed_headers: ["*"] };
    expect(issuesOf(cors.global, written)).toMatchObject([
      { path: ["allowed_origins"] },
      { path: ["exposed_headers"] },
    ]);
    expect(issuesOf(cors.global, { allow_credentials: true, allowed_origins: [APP] })).toEqual([]);
  });

  test("knows no other keys", () => {
    expect(() => policyFrom(cors.global, { origins: ["*"] })).toThrow();
  });
});
