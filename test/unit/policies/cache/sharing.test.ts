import { describe, expect, test } from "bun:test";
import type { Field } from "../../../../src/http/field.ts";
import type { ContentReader } from "../../../../src/pipeline/content.ts";
import { IncomingContent } from "../../../../src/pipeline/incoming-content.ts";
import { asResponse } from "../../../support/client-request.ts";
import { CachedRoute, leave, statusOf } from "./cached.ts";

const FRESH = { fields: { "cache-control": "max-age=60" } };

/** A backend whose answers come when the test says so. */
function held(route: CachedRoute) {
  const waiting: ((backend: object) => void)[] = [];
  route.answers(
    () =>
      new Promise((resolve) => {
        waiting.push(resolve);
      }),
  );
  return {
    answer: (backend: object = FRESH) => waiting.shift()!(backend),
    waiting,
  };
}

/** Lets everything happen that can. */
async function settle(): Promise<void> {
  for (let at = 0; at < 20; at += 1) await Promise.resolve();
}

/** Content that arrives when the test says so. */
function arriving(length?: number) {
  const events: string[] = [];
  const content = new IncomingContent(length, {
    pause: () => events.push("pause"),
    resume: () => events.push("resume"),
    abandon: () => events.push("abandon"),
  });
  return { content, events, push: (text: string) => content.push(Buffer.from(text)) };
}

describe("requests for the same at a time", () => {
  test("are one request to the backend", async () => {
    const route = new CachedRoute();
    const backend = held(route);
    const asked = Array.from({ length: 50 }, () => route.ask());
    await settle();
    expect(route.asked).toHaveLength(1);

    backend.answer();

    const answers = await Promise.all(asked);
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(
      Array.from({ length: 50 }, () => "content 1"),
    );
    expect(route.asked).toHaveLength(1);
    expect(answers.map(statusOf)).toEqual([
      "fwd=uri-miss; stored",
      ...Array.from({ length: 49 }, () => "fwd=uri-miss; collapsed"),
    ]);
    expect(route.cache.shelf.counts.collapsed).toBe(49);
  });

  test("each ask by themselves, together, if the answer is for one alone; the next ones do at once", async () => {
    const route = new CachedRoute();
    const backend = held(route);
    const asked = Array.from({ length: 5 }, () => route.ask());
    await settle();
    backend.answer({});
    await settle();
    expect(route.asked).toHaveLength(5);
    for (let at = 0; at < 4; at += 1) backend.answer({});
    expect(
      new Set(await Promise.all((await Promise.all(asked)).map((one) => one.text()))).size,
    ).toBe(5);

    const later = [route.ask(), route.ask()];
    await settle();
    expect(route.asked).toHaveLength(7);
    backend.answer({});
    backend.answer({});
    await Promise.all(later);

    // A minute later they try again.
    route.clock.advance(60_000);
    const again = [route.ask(), route.ask()];
    await settle();
    expect(route.asked).toHaveLength(8);
    backend.answer();
    await Promise.all(again);
  });

  test("each ask by themselves after an error", async () => {
    const route = new CachedRoute();
    const backend = held(route);
    const asked = [route.ask(), route.ask(), route.ask()];
    await settle();
    backend.answer({ status: 502 });
    await settle();
    expect(route.asked).toHaveLength(3);
    backend.answer();
    backend.answer();
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([502, 200, 200]);
  });

  test("share a stale answer that stands in for an error", async () => {
    const route = new CachedRoute({ stale_if_error: "1h" });
    const backend = held(route);
    const first = route.ask();
    await settle();
    backend.answer();
    await first;
    route.clock.advance(60_000);

    const asked = [route.ask(), route.ask()];
    await settle();
    backend.answer({ status: 503 });

    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(route.asked).toHaveLength(2);
  });

  test("are told apart by what the answer varies by, one of each kind asking", async () => {
    const route = new CachedRoute();
    const backend = held(route);
    const speaking = (language: string) =>
      route.ask("/things", { fields: { "accept-language": language } });
    const asked = ["de", "en", "en", "de", "fr"].map(speaking);
    await settle();
    const varying = { fields: { "cache-control": "max-age=60", vary: "accept-language" } };
    backend.answer(varying);
    await settle();
    expect(route.asked.map(({ fields }) => fields.get("accept-language"))).toEqual([
      "de",
      "en",
      "fr",
    ]);
    backend.answer(varying);
    backend.answer(varying);
    const contents = await Promise.all((await Promise.all(asked)).map((one) => one.text()));
    expect(contents).toEqual(["content 1", "content 2", "content 2", "content 1", "content 3"]);
  });

  test("do not wait if they want an answer of their own, or have conditions that the backend decides", async () => {
    const route = new CachedRoute();
    const backend = held(route);
    void route.ask();
    void route.ask("/things", { fields: { "cache-control": "no-cache" } });
    await settle();
    expect(route.asked).toHaveLength(2);
    // One that waits for a whole answer gets the part or the 304 that it asks for.
    const conditional = route.ask("/things", { fields: { range: "bytes=0-1" } });
    await settle();
    expect(route.asked).toHaveLength(2);
    backend.answer();
    expect((await conditional).status).toBe(206);
  });

  test("are not kept from waiting by those who want nothing stored, or by those who are known", async () => {
    const route = new CachedRoute();
    await route.ask("/things", { fields: { "cache-control": "no-store" } });
    await route.ask("/things", { fields: { authorization: "Bearer a" } });
    const backend = held(route);
    const asked = [route.ask(), route.ask()];
    await settle();
    expect(route.asked).toHaveLength(3);
    backend.answer();
    await Promise.all(asked);
  });

  test("wait for none that may get a part, or nothing", async () => {
    const route = new CachedRoute();
    held(route);
    void route.ask("/things", { fields: { range: "bytes=0-1" } });
    void route.ask("/things", { fields: { "if-none-match": '"1"' } });
    void route.ask("/things", { method: "HEAD" });
    void route.ask();
    await settle();
    expect(route.asked).toHaveLength(4);
  });

  test("wait in bounds", async () => {
    const route = new CachedRoute();
    held(route);
    for (let at = 0; at < 1_003; at += 1) void route.ask();
    await settle();
    expect(route.asked).toHaveLength(3);
  });
});

test("a request that cannot be sent to a backend leaves nobody waiting", async () => {
  const route = new CachedRoute();
  const hostile = () =>
    route.open("/things", {
      prepare: (exchange) => {
        exchange.target = { ...exchange.target, writtenPath: "/a/../things" };
        exchange.outgoingRules = { preserveHost: true, preservePath: true, sendForwarded: false };
      },
    });
  expect((await route.run(hostile())).status).toBe(400);
  expect((await route.run(hostile())).status).toBe(400);
  expect(route.cache.waiting).toBe(0);
});

describe("a client that leaves", () => {
  test("does not end what others wait for", async () => {
    const route = new CachedRoute();
    const backend = held(route);
    const first = route.open();
    const gone = route.run(first);
    const other = route.ask();
    await settle();

    leave(first);

    expect(first.cancellation.reason).toBeUndefined();
    backend.answer();
    expect(await (await other).text()).toBe("content 1");
    await gone;
    expect(route.asked).toHaveLength(1);
  });

  test("ends it if nobody waits", async () => {
    const route = new CachedRoute();
    const backend = held(route);
    const first = route.open();
    const gone = route.run(first);
    await settle();
    leave(first);
    expect(first.cancellation.reason?.code).toBe("client_closed");
    backend.answer({ status: 499 });
    await gone;
  });

  test("ends it when those who wait leave too", async () => {
    const route = new CachedRoute();
    const backend = held(route);
    const [first, second, third] = [route.open(), route.open(), route.open()];
    const all = [first, second, third].map((exchange) => route.run(exchange));
    await settle();
    leave(first);
    leave(second);
    expect(first.cancellation.reason).toBeUndefined();
    leave(third);
    expect(first.cancellation.reason?.code).toBe("client_closed");
    backend.answer({ status: 499 });
    expect((await Promise.all(all)).map(({ status }) => status)).toEqual([499, 499, 499]);
    expect([second.errorCode, third.errorCode]).toEqual(["client_closed", "client_closed"]);
    expect(route.asked).toHaveLength(1);
  });

  test("while it waits leaves the others waiting", async () => {
    const route = new CachedRoute();
    const backend = held(route);
    const first = route.ask();
    const second = route.open();
    const gone = route.run(second);
    const third = route.ask();
    await settle();
    leave(second);
    expect((await gone).status).toBe(499);
    backend.answer();
    expect(await (await first).text()).toBe("content 1");
    expect(await (await third).text()).toBe("content 1");
  });

  test("while the content arrives does not keep it from being stored", async () => {
    const route = new CachedRoute();
    const { content, push } = arriving(10);
    route.answers({ ...FRESH, body: content });
    const first = route.open();
    let freed = 0;
    first.held = { end: () => (freed += 1) };
    const answer = await route.run(first);
    push("01234");
    leave(first);
    answer.discard(undefined);
    first.ended();
    expect(first.cancellation.reason).toBeUndefined();
    expect(freed).toBe(0);

    push("56789");
    content.finish();
    await settle();

    expect(freed).toBe(1);
    expect(await route.contents(1)).toEqual(["0123456789"]);
    expect(route.asked).toHaveLength(1);
    expect(route.clock.pending).toBe(0);
  });

  test("before the content turns out too large frees the backend then", async () => {
    const route = new CachedRoute({ max_entry: "1KiB" });
    const { content, push, events } = arriving();
    route.answers({ ...FRESH, body: content });
    const first = route.open();
    let freed = 0;
    first.held = { end: () => (freed += 1) };
    const answer = await route.run(first);
    push("a");
    leave(first);
    answer.discard(undefined);
    first.ended();
    await settle();
    expect(freed).toBe(0);

    push("b".repeat(1_024));
    await settle();

    expect(freed).toBe(1);
    expect(events).toEqual(["abandon"]);
    expect(route.clock.pending).toBe(0);
  });

  test("has content that nobody reads arrive for half a minute at most", async () => {
    const route = new CachedRoute();
    const { content, events } = arriving(10);
    route.answers({ ...FRESH, body: content });
    const first = route.open();
    const answer = await route.run(first);
    answer.discard(undefined);
    route.clock.advance(29_999);
    expect(events).toEqual([]);
    route.clock.advance(1);
    expect(events).toEqual(["abandon"]);
    expect(route.cache.shelf.entries).toBe(0);
    expect(route.clock.pending).toBe(0);
  });
});

describe("content that arrives piece by piece", () => {
  test("is passed on while it is stored, to all who ask meanwhile", async () => {
    const route = new CachedRoute();
    const { content, push } = arriving(10);
    route.answers({ ...FRESH, body: content });
    const first = await route.run(route.open());
    const reader = first.body as ContentReader;
    push("0123");
    expect(Buffer.from((await reader.read()).value!).toString()).toBe("0123");

    const second = (await route.run(route.open())).body as ContentReader;
    expect(second.length).toBe(10);
    expect(Buffer.from((await second.read()).value!).toString()).toBe("0123");
    const [next, other] = [reader.read(), second.read()];
    push("456789");
    expect(Buffer.from((await next).value!).toString()).toBe("456789");
    expect(Buffer.from((await other).value!).toString()).toBe("456789");
    content.finish();
    expect((await reader.read()).done).toBe(true);
    expect((await second.read()).done).toBe(true);
    expect(route.asked).toHaveLength(1);
    expect(await route.contents(1)).toEqual(["0123456789"]);
  });

  test("does not wait for a client that reads slowly", async () => {
    const route = new CachedRoute();
    const { content, push, events } = arriving(500_000);
    route.answers({ ...FRESH, body: content });
    await route.run(route.open());
    for (let at = 0; at < 50; at += 1) {
      push("a".repeat(10_000));
      await settle();
    }
    content.finish();
    await settle();
    expect(events).toEqual([]);
    expect((await route.contents(1))[0]).toHaveLength(500_000);
  });

  test("that breaks off is not stored, and breaks off for everyone", async () => {
    const route = new CachedRoute();
    const { content, push } = arriving(10);
    route.answers({ ...FRESH, body: content });
    const [first, second] = [await route.ask(), await route.ask()];
    push("0123");
    const texts = Promise.allSettled([first.text(), second.text()]);
    content.fail(new Error("broken off"));
    expect((await texts).map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(route.cache.shelf.entries).toBe(0);
    expect(route.cache.shelf.bytes).toBe(0);
    route.answers(FRESH);
    expect(await route.contents(1)).toEqual(["content 2"]);
  });

  test("that breaks off is not stored either if HEAD was answered meanwhile", async () => {
    const route = new CachedRoute();
    const { content, push } = arriving(10);
    const etag = { "cache-control": "max-age=60", etag: '"a"' };
    route.answers({ fields: etag, body: content });
    const text = (await route.ask()).text().catch(() => "broken off");
    push("0123");
    route.answers({ fields: { ...etag, "content-length": "10" }, body: null });
    await route.ask("/things", { method: "HEAD", fields: { "cache-control": "no-cache" } });
    content.fail(new Error("broken off"));
    expect(await text).toBe("broken off");
    expect(route.cache.shelf.entries).toBe(0);
    route.answers(FRESH);
    expect(await route.contents(1)).toEqual(["content 3"]);
  });

  test("that is shorter than announced is not stored", async () => {
    const route = new CachedRoute();
    const { content, push } = arriving(10);
    route.answers({ ...FRESH, body: content });
    const answer = await route.ask();
    push("0123");
    content.finish();
    expect(answer.text()).rejects.toThrow();
    await settle();
    expect(route.cache.shelf.entries).toBe(0);
  });

  test("of unknown length is stored when it is whole; who waits for it waits until then", async () => {
    const route = new CachedRoute();
    const { content, push } = arriving();
    route.answers({ ...FRESH, body: content });
    const first = await route.ask();
    const second = route.ask();
    push("0123");
    await settle();
    push("4567");
    content.finish();
    expect(await first.text()).toBe("01234567");
    expect(await (await second).text()).toBe("01234567");
    expect(route.asked).toHaveLength(1);
    expect(route.clock.pending).toBe(0);
  });

  test("of unknown length has others wait for 5 s at most", async () => {
    const route = new CachedRoute();
    const { content } = arriving();
    route.answers((_, count) => (count === 1 ? { ...FRESH, body: content } : FRESH));
    await route.ask();
    const second = route.ask();
    await settle();
    expect(route.asked).toHaveLength(1);
    route.clock.advance(5_000);
    expect(await (await second).text()).toBe("content 2");
  });

  test("that turns out too large passes on at the client's speed, and is not stored", async () => {
    const route = new CachedRoute({ max_size: "1MiB", max_entry: "1KiB" });
    const { content, push, events } = arriving();
    route.answers((_, count) => (count === 1 ? { ...FRESH, body: content } : FRESH));
    const first = await route.run(route.open());
    const second = route.ask();
    push("a".repeat(1_024));
    await settle();
    expect(route.cache.shelf.bytes).toBe(1_024);
    push("b");
    await settle();
    // The other one does not wait any more.
    expect(await (await second).text()).toBe("content 2");
    route.cache.shelf.close();
    expect(route.cache.shelf.bytes).toBe(1_024);
    for (let at = 0; at < 30; at += 1) push("c".repeat(10_000));
    await settle();
    expect(events).toEqual(["pause"]);
    const text = asResponse(first).text();
    await settle();
    content.finish();
    expect(await text).toBe(`${"a".repeat(1_024)}b${"c".repeat(300_000)}`);
    expect(route.cache.shelf.bytes).toBe(0);
  });

  test("that is announced too large is not stored", async () => {
    const route = new CachedRoute({ max_entry: "9B" });
    route.answers({ ...FRESH, body: "0123456789" });
    await route.ask();
    const { content } = arriving(10);
    const answer = await route.answers({ ...FRESH, body: content }).run(route.open());
    expect(answer.body).toBe(content);
    expect(route.cache.shelf.entries).toBe(0);
  });

  test("of events is for whoever listens at the time", async () => {
    const route = new CachedRoute();
    const { content } = arriving();
    const fields = { "cache-control": "max-age=60", "content-type": "text/event-stream" };
    const answer = await route.answers({ fields, body: content }).run(route.open());
    expect(answer.body).toBe(content);
    expect(route.clock.pending).toBe(0);
  });

  test("with fields after it is passed on and not stored", async () => {
    const route = new CachedRoute();
    const { content, push } = arriving();
    route.answers({ ...FRESH, body: content });
    const answer = await route.run(route.open());
    push("0123");
    const trailer: Field = { name: "x-sum", value: "1", line: "X-Sum: 1\r\n" };
    content.finish([trailer]);
    const reader = answer.body as ContentReader;
    while (!(await reader.read()).done);
    expect(reader.trailers).toEqual([trailer]);
    expect(route.cache.shelf.entries).toBe(0);
  });

  test("that a client does not read is cut off for that client alone", async () => {
    const route = new CachedRoute();
    const { content, push } = arriving(10);
    route.answers({ ...FRESH, body: content });
    const [first, second] = [route.open(), route.open()];
    const [one, other] = [await route.run(first), await route.run(second)];
    push("01234");
    await (one.body as ContentReader).read();
    route.clock.advance(200_000);
    await (other.body as ContentReader).read();
    push("56789");
    route.clock.advance(100_000);
    expect(first.cancellation.reason?.code).toBe("client_stalled");
    expect(second.cancellation.reason).toBeUndefined();
  });
});
