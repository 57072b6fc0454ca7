import { describe, expect, test } from "bun:test";
import { Cancellation } from "../../../../../../src/pipeline/cancellation.ts";
import { GatewayError } from "../../../../../../src/pipeline/errors.ts";
import { Admissions } from "../../../../../../src/policies/auth/providers/forward/admissions.ts";
import { FakeClock } from "../../../../../support/fake-clock.ts";
import type { Opening } from "../../../../pipeline/opening.ts";
import { FakeService, respond } from "./fake-service.ts";

const FIELDS = { authorization: "Bearer ada", accept: "text/html" };
const ADA: Opening = { fields: FIELDS };
const left = new GatewayError("client_closed", "the client has left");

/** Sends requests one after another, and counts the questions. */
async function questionsFor(service: FakeService, ...openings: Opening[]): Promise<number> {
  const admitted = respond(200, [["x-user", "ada"]]);
  service.next(...openings.map(() => admitted));
  for (const opening of openings) await service.send(opening);
  return service.asked.length;
}

describe("an admission counts again", () => {
  test("for a while, with all that it brought", async () => {
    const service = new FakeService({ cache: "10s", receive: ["x-user"] });
    service.next(respond(200, [["x-user", "ada"]]));
    await service.send(ADA);
    service.clock.advance(9_999);
    await service.send(ADA);
    expect(service.asked).toHaveLength(1);
    const [first, second] = service.passed;
    expect(second?.identity).toEqual(first?.identity);
    expect(second?.outgoing.get("x-user")).toBe("ada");
    expect(second?.outgoing.get("authorization")).toBeNull();
    service.clock.advance(1);
    service.next(respond(401));
    expect((await service.send(ADA)).status).toBe(401);
  });

  test("counted from when the service was asked", async () => {
    const service = new FakeService({ cache: "3s" });
    const { answer } = service.begin(ADA);
    service.clock.advance(2_000);
    service.asked[0]?.answer(new Response(null));
    await answer;
    service.clock.advance(1_000);
    expect(await questionsFor(service, ADA)).toBe(2);
  });

  test.each([
    ["other credentials", { fields: { authorization: "Bearer bob", accept: "text/html" } }],
    ["no credentials", { fields: { accept: "text/html" } }],
    ["one more", { fields: { ...FIELDS, cookie: "a=1" } }],
    ["another field of those that are sent", { fields: { ...FIELDS, accept: "*/*" } }],
    ["another method", { ...ADA, method: "DELETE" }],
    ["another path", { ...ADA, url: "http://gateway.test/admin" }],
    ["another query", { ...ADA, url: "http://gateway.test/things?a=1" }],
    ["another host", { ...ADA, url: "http://other.test/things" }],
    ["another scheme", { ...ADA, client: { protocol: "https" } }],
    ["another address", { ...ADA, client: { address: "192.0.2.7", peer: "192.0.2.7" } }],
  ] as [string, Opening][])("and not for a request with %s", async (_, other) => {
    const service = new FakeService({ cache: "10s" });
    expect(await questionsFor(service, ADA, other, ADA, other)).toBe(2);
  });

  test("whatever is asked for, if the credentials alone decide", async () => {
    const cache = { for: "10s", per: "credentials", by: ["Authorization", "cookie"] };
    const service = new FakeService({ cache });
    const same: Opening[] = [
      { ...ADA, method: "DELETE", url: "http://other.test/admin?x=1" },
      { fields: { authorization: "Bearer ada", accept: "*/*", "user-agent": "b" } },
    ];
    expect(await questionsFor(service, ADA, ...same)).toBe(1);
    expect(await questionsFor(service, { fields: { authorization: "Bearer bob" } })).toBe(2);
    expect(await questionsFor(service, { fields: {} })).toBe(3);
  });

  test("and not if values of different fields make the same text together", async () => {
    const cache = { for: "10s", per: "credentials" };
    const service = new FakeService({ send: ["x-a", "x-b"], cache });
    const one: Opening = { fields: { "x-a": 'a","b' } };
    const other: Opening = { fields: { "x-a": "a", "x-b": "b" } };
    expect(await questionsFor(service, one, other)).toBe(2);
  });

  test.each([
    ["refusal", respond(401)],
    ["redirect", respond(302, [["location", "/login"]])],
    ["failure", respond(500)],
    ["new session", respond(200, [["set-cookie", "a=1"]])],
    ["answer that is not to be stored", respond(200, [["cache-control", "private, no-store"]])],
  ])("and a %s does not", async (_, response) => {
    const service = new FakeService({ cache: "10s" }).next(response, response);
    await service.send(ADA);
    await service.send(ADA);
    expect(service.asked).toHaveLength(2);
  });

  test("not at all without a cache", async () => {
    for (const cache of [false, "0s", { for: "0s" }]) {
      expect(await questionsFor(new FakeService({ cache }), ADA, ADA)).toBe(2);
    }
    expect(await questionsFor(new FakeService(), ADA, ADA)).toBe(2);
  });
});

describe("requests that ask the same at the same time", () => {
  test("share a question", async () => {
    const service = new FakeService({ cache: "10s" });
    const sent = [1, 2, 3].map(() => service.begin(ADA));
    expect(service.asked).toHaveLength(1);
    service.asked[0]?.answer(new Response(null));
    for (const { answer } of sent) expect((await answer).status).toBe(200);
    expect(service.passed).toHaveLength(3);
  });

  test("each ask by themselves if the answer is for one of them alone", async () => {
    const service = new FakeService({ cache: "10s" });
    const sent = [1, 2, 3].map(() => service.begin({}));
    const loginPage = (state: number) =>
      respond(302, [
        ["location", "/login"],
        ["set-cookie", `state=${state}`],
      ]);
    service.next(loginPage(2), loginPage(3));
    service.asked[0]?.answer(loginPage(1)());
    const states = await Promise.all(
      sent.map(async ({ answer }) => (await answer).fields.get("set-cookie")),
    );
    expect(states).toEqual(["state=1", "state=2", "state=3"]);
  });

  test("are all refused if it cannot be answered", async () => {
    const service = new FakeService({ cache: "10s" });
    const sent = [1, 2].map(() => service.begin(ADA));
    service.asked[0]?.fail(new Error("gone"));
    for (const { answer } of sent) expect((await answer).status).toBe(503);
    expect(await questionsFor(service, ADA)).toBe(2);
  });

  test("go on if the first one leaves, and end with the last", async () => {
    const service = new FakeService({ cache: "10s" });
    const [first, second, third] = [1, 2, 3].map(() => service.begin(ADA));
    first?.exchange.cancellation.cancel(left);
    expect((await first!.answer).status).toBe(499);
    second?.exchange.cancellation.cancel(left);
    expect(service.asked[0]?.init.signal?.aborted).toBe(false);
    third?.exchange.cancellation.cancel(left);
    expect(service.asked[0]?.init.signal?.aborted).toBe(true);
    expect((await third!.answer).status).toBe(499);
    expect(service.clock.pending).toBe(0);
    expect(await questionsFor(service, ADA)).toBe(2);
  });

  test("do not count one that has left before", async () => {
    const service = new FakeService({ cache: "10s" });
    const cancellation = new Cancellation();
    cancellation.cancel(left);
    expect((await service.send({ ...ADA, request: { cancellation } })).status).toBe(499);
    expect(await questionsFor(service, ADA)).toBe(2);
  });
});

describe("what is kept", () => {
  const proof = (subject: string) => ({ subject, claims: {} });

  test("is bounded by number, and the oldest give way", () => {
    const admissions = new Admissions(new FakeClock(), { forMs: 1_000, entries: 2, bytes: 1e9 });
    for (const name of ["a", "b", "c"]) admissions.keep(name, proof(name), 0);
    expect(["a", "b", "c"].map((name) => admissions.get(name)?.subject)).toEqual([
      undefined,
      "b",
      "c",
    ]);
  });

  test("is bounded by memory", () => {
    const admissions = new Admissions(new FakeClock(), {
      forMs: 1_000,
      entries: 100,
      bytes: 5_000,
    });
    for (let count = 0; count < 100; count += 1) {
      admissions.keep(`${count}`, { ...proof("a"), backendFields: [["x-a", "a".repeat(500)]] }, 0);
    }
    expect(admissions.size).toBe(3);
  });

  test("is dropped when it is over, and replaced by what is newer", () => {
    const clock = new FakeClock();
    const admissions = new Admissions(clock, { forMs: 1_000, entries: 100, bytes: 1e9 });
    admissions.keep("a", proof("old"), 0);
    admissions.keep("b", proof("b"), 0);
    clock.advance(900);
    admissions.keep("a", proof("new"), 900);
    expect(admissions.size).toBe(2);
    clock.advance(100);
    expect(admissions.get("a")?.subject).toBe("new");
    admissions.keep("c", proof("c"), 1_000);
    expect(admissions.size).toBe(2);
    expect(admissions.get("b")).toBeUndefined();
  });
});
