import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FieldRules } from "../../../../../../src/http/field-rules.ts";
import { Cancellation } from "../../../../../../src/pipeline/cancellation.ts";
import { GatewayError } from "../../../../../../src/pipeline/errors.ts";
import { authPolicy } from "../../../../../../src/policies/auth/auth.ts";
import { forward } from "../../../../../../src/policies/auth/providers/forward/forward.ts";
import { issuesOf } from "../../../chain.ts";
import { FakeService, respond } from "./fake-service.ts";

/** The fields that a question had, without those that are of no interest. */
function fieldsAsked(service: FakeService, at = 0): Record<string, string> {
  return Object.fromEntries(service.asked[at]?.fields ?? []);
}

async function problemOf(answer: Promise<{ readonly body: unknown; readonly status: number }>) {
  const { body, status } = await answer;
  return { status, ...(JSON.parse(String(body)) as object) };
}

describe("the service is asked", () => {
  test("by GET, what the client wants and who it is, with the fields to be sent alone", async () => {
    const service = new FakeService({ send: ["Authorization", "cookie", "x-absent"] });
    service.next(respond(200));
    await service.send({
      method: "POST",
      url: "http://shop.test/orders/7?a=1&b=%2F",
      fields: { authorization: "Bearer abc", cookie: "a=1", "x-other": "1" },
      body: "content",
      client: { protocol: "https", address: "192.0.2.9", peer: "192.0.2.9" },
    });
    expect(service.asked[0]?.url).toBe("http://auth.test/verify?app=1");
    expect(service.asked[0]?.init).toMatchObject({ method: "GET", redirect: "manual" });
    expect(service.asked[0]?.init.body).toBeUndefined();
    expect(fieldsAsked(service)).toEqual({
      authorization: "Bearer abc",
      cookie: "a=1",
      "user-agent": "",
      "x-forwarded-method": "POST",
      "x-forwarded-proto": "https",
      "x-forwarded-host": "shop.test",
      "x-forwarded-uri": "/orders/7?a=1&b=%2F",
      "x-forwarded-for": "192.0.2.9",
      "x-real-ip": "192.0.2.9",
      "x-original-method": "POST",
      "x-original-url": "https://shop.test/orders/7?a=1&b=%2F",
      "x-request-id": "request-1",
      via: expect.stringContaining("1.1 "),
    });
  });

  test("by default with credentials and what tells browsers from programs", async () => {
    const service = new FakeService("http://auth.test/verify").next(respond(200));
    const sent = {
      authorization: "Basic YTpi",
      cookie: "a=1",
      accept: "text/html",
      "accept-language": "de",
      "user-agent": "Browser/1",
      "x-requested-with": "XMLHttpRequest",
    };
    await service.send({ fields: { ...sent, "x-secret": "1", referer: "http://a.test/" } });
    expect(fieldsAsked(service)).toMatchObject(sent);
    expect(Object.keys(fieldsAsked(service))).not.toContain("x-secret");
    expect(Object.keys(fieldsAsked(service))).not.toContain("referer");
  });

  test("by another method if that is wanted", async () => {
    const service = new FakeService({ method: "HEAD" }).next(respond(200));
    await service.send();
    expect(service.asked[0]?.init.method).toBe("HEAD");
  });

  test("over TLS with the files that it is given", async () => {
    const folder = mkdtempSync(join(tmpdir(), "gateway-"));
    const files = {
      ca: join(folder, "ca"),
      certificate: join(folder, "cert"),
      key: join(folder, "key"),
    };
    for (const [kind, file] of Object.entries(files)) writeFileSync(file, `the ${kind}`);
    const service = new FakeService({ tls: files }).next(respond(200));
    rmSync(folder, { recursive: true });
    await service.send();
    expect(service.asked[0]?.init.tls).toEqual({
      ca: "the ca",
      cert: "the certificate",
      key: "the key",
    });
  });

  test("with all cookies of a client that sends them apart", async () => {
    const service = new FakeService().next(respond(200));
    await service.send({
      fields: [
        ["cookie", "a=1"],
        ["cookie", "b=2"],
      ],
    });
    expect(fieldsAsked(service)["cookie"]).toBe("a=1; b=2");
  });

  test("and believes nothing that a client says of itself", async () => {
    const service = new FakeService({ send: ["x-user", "x-forwarded-user", "cookie"] });
    service.next(respond(200));
    await service.send({
      fields: {
        "x-forwarded-for": "10.0.0.1",
        "x-forwarded-host": "evil.test",
        "x-forwarded-uri": "/public",
        "x-forwarded-method": "OPTIONS",
        "x-original-url": "https://evil.test/public",
        "x-forwarded-user": "admin",
        "x-user": "admin",
      },
      fieldRules: new FieldRules([], ["x-user"]),
    });
    const fields = fieldsAsked(service);
    expect(fields).toMatchObject({
      "x-forwarded-for": "192.0.2.1",
      "x-forwarded-host": "gateway.test",
      "x-forwarded-uri": "/things",
      "x-forwarded-method": "GET",
      "x-original-url": "http://gateway.test/things",
    });
    expect(Object.keys(fields)).not.toContain("x-user");
    expect(Object.keys(fields)).not.toContain("x-forwarded-user");
  });
});

describe("an answer of 2xx admits the request", () => {
  test("and tells the backend who sent it", async () => {
    const service = new FakeService({ receive: ["X-User", "x-groups"], lists: ["x-groups"] });
    const fields = [
      ["x-user", "ada"],
      ["x-groups", "admin, staff|all"],
      ["x-other", "1"],
    ] as const;
    service.next(respond(204, fields));
    const answer = await service.send({ fields: { authorization: "Bearer abc" } });
    expect(answer.body).toBe("from the backend");
    const [passed] = service.passed;
    expect(passed?.identity).toEqual({
      provider: "sso",
      subject: "ada",
      claims: { "x-user": "ada", "x-groups": ["admin", "staff", "all"] },
      challenge: undefined,
    });
    const { outgoing } = passed!;
    expect(outgoing.get("x-user")).toBe("ada");
    expect(outgoing.get("x-groups")).toBe("admin, staff|all");
    expect(outgoing.get("x-other")).toBeNull();
    expect(outgoing.get("x-auth-subject")).toBe("ada");
    expect(outgoing.get("authorization")).toBeNull();
  });

  test.each([
    [["authorization", "x-auth-request-user"], "ada"],
    [["X-Auth-Request-Access-Token", "X-Auth-Request-User"], "ada"],
    [["authorization"], ""],
  ])("of %j, by none that holds a credential", async (receive, subject) => {
    const service = new FakeService({ receive });
    const credential = "Bearer secret";
    service.next(
      respond(200, [
        ["authorization", credential],
        ["x-auth-request-access-token", credential],
        ["x-auth-request-user", "ada"],
      ]),
    );
    await service.send();
    expect(service.passed[0]?.identity?.subject).toBe(subject);
    expect(service.passed[0]?.outgoing.get(receive[0]!)).toBe(credential);
    expect(service.passed[0]?.outgoing.get("x-auth-subject")).toBe(subject === "" ? null : subject);
  });

  test("by the field that is its subject, in any character set", async () => {
    const service = new FakeService({ receive: ["x-user"], subject: "x-name" });
    service.next(
      respond(200, [["x-name", Buffer.from("jörg").toString("latin1")]]),
      respond(200, [["x-name", "j\xF6rg"]]),
      respond(200),
    );
    for (let count = 0; count < 3; count += 1) await service.send();
    expect(service.passed.map(({ identity }) => identity?.subject)).toEqual(["jörg", "jörg", ""]);
  });

  test("with credentials that the service chooses, and without the client's", async () => {
    const service = new FakeService({ receive: ["authorization"] });
    service.next(respond(200, [["authorization", "Bearer internal"]]), respond(200));
    const opening = { fields: { authorization: "Bearer external" } };
    await service.send(opening);
    await service.send(opening);
    expect(service.passed.map(({ outgoing }) => outgoing.get("authorization"))).toEqual([
      "Bearer internal",
      null,
    ]);
  });

  test("with the client's credentials if they are to be passed", async () => {
    const service = new FakeService({ cookies: ["sso"] }, { pass_credentials: true });
    service.next(respond(200));
    await service.send({ fields: { authorization: "Bearer a", cookie: "sso=1" } });
    const { outgoing } = service.passed[0]!;
    expect([outgoing.get("authorization"), outgoing.get("cookie")]).toEqual(["Bearer a", "sso=1"]);
  });

  test("without the service's own cookies", async () => {
    const service = new FakeService({ cookies: ["sso", "_proxy*"] });
    service.next(respond(200), respond(200), respond(200));
    await service.send({ fields: { cookie: "a=1; sso=2; _proxy_0=3; _proxy=4; ssox=5" } });
    await service.send({ fields: { cookie: "sso=2" } });
    await service.send({ fields: { cookie: "a=1;b=2" } });
    expect(service.passed.map(({ outgoing }) => outgoing.get("cookie"))).toEqual([
      "a=1; ssox=5",
      null,
      "a=1;b=2",
    ]);
  });

  test("and the client gets its Set-Cookie, which no cache may keep", async () => {
    const service = new FakeService();
    const cookies = [
      ["set-cookie", "a=1; Path=/"],
      ["set-cookie", "b=2"],
    ] as const;
    service.next(respond(200, cookies, "ignored"));
    const { fields, body } = await service.send();
    expect(body).toBe("from the backend");
    const values = fields.list.filter(({ name }) => name === "set-cookie");
    expect(values.map(({ value }) => value)).toEqual(["a=1; Path=/", "b=2"]);
    expect(fields.get("cache-control")).toBe("private, max-age=60");
  });
});

describe("an answer that refuses goes to the client as it is", () => {
  test.each([301, 302, 303, 307, 308])("with its redirect: %p", async (status) => {
    const service = new FakeService();
    service.next(
      respond(status, [
        ["location", "https://login.test/?rd=%2Fthings"],
        ["set-cookie", "csrf=1; HttpOnly"],
        ["set-cookie", "state=2"],
        ["connection", "x-hop"],
        ["x-hop", "1"],
        ["keep-alive", "timeout=5"],
        ["alt-svc", 'h3=":443"'],
        ["strict-transport-security", "max-age=1"],
      ]),
    );
    const { status: given, fields, body } = await service.send();
    expect([given, body]).toEqual([status, null]);
    expect(fields.list.map(({ name, value }) => [name, value])).toEqual([
      ["location", "https://login.test/?rd=%2Fthings"],
      ["set-cookie", "csrf=1; HttpOnly"],
      ["set-cookie", "state=2"],
      ["x-request-id", "request-1"],
      ["cache-control", "no-store"],
    ]);
    expect(service.passed).toEqual([]);
  });

  test("with its page and its challenge", async () => {
    const service = new FakeService();
    const fields = [
      ["www-authenticate", 'Basic realm="a"'],
      ["content-type", "text/html"],
      ["cache-control", "max-age=5"],
    ] as const;
    service.next(respond(401, fields, "<p>log in</p>"));
    const { exchange, answer } = service.begin();
    const { status, fields: given, body } = await answer;
    expect(status).toBe(401);
    expect(Buffer.from(body as Uint8Array).toString()).toBe("<p>log in</p>");
    expect(given.get("www-authenticate")).toBe('Basic realm="a"');
    expect(given.get("content-type")).toBe("text/html");
    expect(given.get("cache-control")).toBe("private, max-age=5");
    expect(exchange.errorCode).toBe("unauthorized");
  });

  test("with a challenge of the gateway's if it has none", async () => {
    const service = new FakeService().next(respond(401));
    const { fields } = await service.send();
    expect(fields.get("www-authenticate")).toBe('Forward realm="sso"');
  });

  test("with 403, which needs no challenge", async () => {
    const service = new FakeService().next(respond(403, [], "no"));
    const { exchange, answer } = service.begin();
    expect((await answer).status).toBe(403);
    expect((await answer).fields.has("www-authenticate")).toBe(false);
    expect(exchange.errorCode).toBe("forbidden");
  });
});

describe("a request is refused with 503", () => {
  test.each([
    ["an error of the service", respond(500), "answered 500"],
    ["an answer that means nothing here", respond(404), "answered 404"],
    ["a redirect to nowhere", respond(302), "answered 302 without Location"],
    [
      "a service behind this gateway",
      respond(508),
      "answered 508: it is behind this gateway itself",
    ],
    [
      "a page that is too long",
      respond(403, [], "x".repeat(1_100_000)),
      "answered with more than 1 MiB",
    ],
    [
      "an answer that breaks off",
      respond(401, [["content-length", "100"]], "short"),
      "broke off its answer",
    ],
    [
      "fields that are too long",
      respond(200, [["x-user", "u".repeat(20_000)]]),
      "answered with fields of more than 16384 bytes",
    ],
  ])("after %s", async (_, response, reason) => {
    const service = new FakeService({ receive: ["x-user"] }).next(response);
    expect(await problemOf(service.send())).toMatchObject({
      status: 503,
      code: "auth_unavailable",
      detail: `the authentication service ${reason}`,
    });
    expect(service.passed).toEqual([]);
    expect(service.logged).toEqual([
      `auth.sso: http://auth.test/verify ${reason}; requests that it has to decide on get a 503 (logged at most once a minute)`,
    ]);
  });

  test("when the service cannot be reached", async () => {
    const service = new FakeService();
    const { answer } = service.begin();
    service.asked[0]?.fail(new Error("ECONNREFUSED 10.0.0.1:4180"));
    expect(await problemOf(answer)).toMatchObject({
      code: "auth_unavailable",
      detail: "the authentication service cannot be reached",
    });
  });

  test("when the service does not answer in time, and its answer is not waited for", async () => {
    const service = new FakeService({ timeout: "2s" });
    const { answer } = service.begin();
    service.clock.advance(1_999);
    expect(service.asked[0]?.init.signal?.aborted).toBe(false);
    service.clock.advance(1);
    expect(service.asked[0]?.init.signal?.aborted).toBe(true);
    expect(await problemOf(answer)).toMatchObject({
      status: 503,
      detail: "the authentication service did not answer in time",
    });
  });

  test("and the operator is told once a minute, and when it is over", async () => {
    const service = new FakeService();
    service.next(
      respond(500),
      respond(500),
      respond(200),
      respond(500),
      respond(200),
      respond(500),
    );
    for (let count = 0; count < 5; count += 1) await service.send();
    service.clock.advance(60_000);
    await service.send();
    expect(service.logged.map((line) => line.replace(/;.*$/, ""))).toEqual([
      "auth.sso: http://auth.test/verify answered 500",
      "auth.sso: http://auth.test/verify answers again",
      "auth.sso: http://auth.test/verify answered 500",
    ]);
    expect(service.clock.pending).toBe(0);
  });
});

describe("a client that leaves", () => {
  const left = new GatewayError("client_closed", "the client has left");

  test("ends its question", async () => {
    const service = new FakeService();
    const { exchange, answer } = service.begin();
    exchange.cancellation.cancel(left);
    expect(service.asked[0]?.init.signal?.aborted).toBe(true);
    expect((await answer).status).toBe(499);
    expect(service.logged).toEqual([]);
    expect(service.clock.pending).toBe(0);
  });

  test("asks nothing if it has left before", async () => {
    const service = new FakeService();
    const cancellation = new Cancellation();
    cancellation.cancel(left);
    expect((await service.send({ request: { cancellation } })).status).toBe(499);
    expect(service.passed).toEqual([]);
  });
});

describe("at most so many questions are on their way", () => {
  test("and others follow in turn", async () => {
    const service = new FakeService({ max_in_flight: 2 });
    const sent = [1, 2, 3, 4].map(() => service.begin());
    expect(service.asked).toHaveLength(2);
    service.asked[0]?.answer(new Response(null));
    await sent[0]?.answer;
    expect(service.asked).toHaveLength(3);
    service.asked[1]?.fail(new Error("gone"));
    expect((await sent[1]?.answer)?.status).toBe(503);
    expect(service.asked).toHaveLength(4);
    for (const at of [2, 3]) {
      service.asked[at]?.answer(new Response(null));
      expect((await sent[at]?.answer)?.status).toBe(200);
    }
  });

  test("and those that wait too long are refused, or leave", async () => {
    const service = new FakeService({ max_in_flight: 1, timeout: "2s" });
    const first = service.begin();
    service.clock.advance(500);
    const second = service.begin();
    const third = service.begin();
    third.exchange.cancellation.cancel(new GatewayError("client_closed", "left"));
    expect((await third.answer).status).toBe(499);
    service.clock.advance(1_500);
    expect((await first.answer).status).toBe(503);
    service.clock.advance(500);
    expect(await problemOf(second.answer)).toMatchObject({ code: "auth_unavailable" });
    service.next(respond(200));
    expect((await service.send()).status).toBe(200);
    expect(service.clock.pending).toBe(0);
  });

  test("and not more than a thousand wait", async () => {
    const service = new FakeService({ max_in_flight: 1 });
    const waiting = Array.from({ length: 1_001 }, () => service.begin());
    const refused = await service.send();
    expect(refused.status).toBe(503);
    expect(refused.fields.get("retry-after")).toBe("1");
    service.clock.advance(5_000);
    const statuses = await Promise.all(waiting.map(async ({ answer }) => (await answer).status));
    expect(new Set(statuses)).toEqual(new Set([503]));
  });
});

test("services of several providers are not asked more together than the runtime can", () => {
  const { global } = authPolicy([forward]);
  const config = (...most: number[]) =>
    Object.fromEntries(
      most.map((max_in_flight, at) => {
        return [`p${at}`, { forward: { url: "http://auth.test/", max_in_flight } }];
      }),
    );
  expect(issuesOf(global, config(100, 100))).toEqual([]);
  expect(issuesOf(global, config(200))).toEqual([]);
  expect(issuesOf(global, config(100, 50, 51))).toEqual([
    {
      path: ["p2", "forward"],
      message:
        "the `max_in_flight` of all `forward` providers is 201 together; above 200, services that hang keep others from being asked, so write less for each",
      severity: "warning",
    },
  ]);
});
