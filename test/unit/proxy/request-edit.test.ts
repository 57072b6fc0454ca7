import { describe, expect, test } from "bun:test";
import type { ContentEdit } from "../../../src/pipeline/content-edit.ts";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { requestContent } from "../../../src/proxy/request.ts";
import { RouteTimeoutSets } from "../../../src/proxy/route-timeouts.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { type Opening, openExchange } from "../pipeline/opening.ts";
import { drip, rejection, turn } from "./network.ts";
import { settingsWith } from "./settings.ts";

const CHUNKED = { "transfer-encoding": "chunked" };

/** A request whose content is edited, and what is sent of it. */
function editing(
  fields: Record<string, string>,
  body: Opening["body"],
  edit: Partial<ContentEdit> = {},
) {
  const exchange = openExchange({ method: "POST", fields, ...(body !== undefined && { body }) });
  const seen: string[] = [];
  exchange.outgoing.contentEdit = {
    largest: 80_000,
    edit(content) {
      seen.push(`${content.length} bytes`);
      return Buffer.from("edited");
    },
    tooLarge: () => void seen.push("too large"),
    ...edit,
  };
  const clock = new FakeClock();
  const settings = settingsWith();
  const timeouts = new RouteTimeoutSets(clock).of(settings.timeouts);
  const content = (async () => requestContent(exchange, settings, timeouts, clock))();
  return { exchange, clock, seen, content };
}

function streamed(): ReadableStream<Uint8Array> {
  return new Blob(["hello"]).stream();
}

async function bytesOf(body: Awaited<ReturnType<typeof requestContent>>["body"]) {
  if (body === null || body instanceof Uint8Array) return body;
  const pieces: Uint8Array[] = [];
  for (;;) {
    const { value } = await body.read();
    if (value === undefined) return Buffer.concat(pieces);
    pieces.push(value);
  }
}

describe("content that a policy edits", () => {
  test("is replaced, with its length and without what was said about the client's", async () => {
    const { exchange, content, seen } = editing(
      {
        "content-length": "5",
        "content-md5": "XUFAKrxLKna5cZ2REBfFkg==",
        "Content-Digest": "sha-256=:abc:",
        "x-other": "kept",
      },
      "hello",
    );
    expect(await content).toMatchObject({ body: Buffer.from("edited"), sent: undefined });
    const { outgoing } = exchange;
    expect(seen).toEqual(["5 bytes"]);
    expect(outgoing.get("content-length")).toBe("6");
    expect(outgoing.get("content-md5")).toBeNull();
    expect(outgoing.get("content-digest")).toBeNull();
    expect(outgoing.get("x-other")).toBe("kept");
    expect(exchange.bytesIn).toBe(5);
  });

  test("of unknown length is read whole, and gets a length", async () => {
    const { exchange, content, clock } = editing({ ...CHUNKED, trailer: "x-sum" }, streamed());
    expect(await content).toMatchObject({ body: Buffer.from("edited"), sent: undefined });
    expect(exchange.outgoing.get("content-length")).toBe("6");
    expect(exchange.outgoing.get("trailer")).toBeNull();
    expect(clock.pending).toBe(0);
  });

  test("that is not small, in many pieces, is edited as a whole", async () => {
    const source = drip();
    const { content, seen } = editing({ "content-length": "70000" }, source.stream);
    for (let piece = 0; piece < 7; piece += 1) source.chunk(10_000);
    source.end();
    expect(await bytesOf((await content).body)).toEqual(Buffer.from("edited"));
    expect(seen).toEqual(["70000 bytes"]);
  });

  test("passes as it came if the edit leaves it", async () => {
    for (const fields of [{ "content-length": "5" }, CHUNKED]) {
      const { exchange, content } = editing(fields, streamed(), { edit: () => undefined });
      const { body } = await content;
      expect(await bytesOf(body)).toEqual(Buffer.from("hello"));
      expect(exchange.outgoing.get("content-length")).toBe("content-length" in fields ? "5" : null);
    }
  });

  test("can be sent once more after it was left, if its length is unknown", async () => {
    const { content } = editing(CHUNKED, streamed(), { edit: () => undefined });
    const { repeatable } = await content;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect(await bytesOf(repeatable?.reader() ?? null)).toEqual(Buffer.from("hello"));
    }
  });

  test("that is announced too large is streamed without waiting for it", async () => {
    const source = drip();
    const { content, seen, exchange } = editing({ "content-length": "80001" }, source.stream);
    const { body } = await content;
    expect(seen).toEqual(["too large"]);
    source.chunk(80_001);
    source.end();
    expect((await bytesOf(body))?.length).toBe(80_001);
    expect(exchange.outgoing.get("content-length")).toBe("80001");
  });

  test("that turns out too large passes whole, what was read first", async () => {
    const source = drip();
    const { content, seen, exchange } = editing(CHUNKED, source.stream);
    source.chunk(50_000);
    source.chunk(30_001);
    const { body, sent } = await content;
    expect(seen).toEqual(["too large"]);
    source.chunk(19_999);
    source.end();
    expect((await bytesOf(body))?.length).toBe(100_000);
    await sent;
    expect(exchange.bytesIn).toBe(100_000);
    expect(exchange.outgoing.get("content-length")).toBeNull();
  });

  test("is small, and larger than what is edited", async () => {
    const { content, seen } = editing({ "content-length": "5" }, "hello", { largest: 4 });
    expect((await content).body).toEqual(Buffer.from("hello"));
    expect(seen).toEqual(["too large"]);
  });

  test("is still refused beyond max_body_size", async () => {
    const source = drip();
    const { content } = editing(CHUNKED, source.stream, { largest: 1_000_000 });
    source.chunk(100_001);
    expect(await rejection(content)).toMatchObject({ code: "body_too_large" });
  });

  test("that stops coming is the client's fault", async () => {
    const source = drip();
    const { content, clock } = editing(CHUNKED, source.stream);
    const failure = rejection(content);
    source.chunk(1);
    await turn();
    clock.advance(1_000);
    expect(await failure).toMatchObject({ code: "request_timeout" });
    expect(clock.pending).toBe(0);
  });

  test("ends when the exchange does", async () => {
    const source = drip();
    const { content, exchange, clock } = editing(CHUNKED, source.stream);
    const failure = rejection(content);
    source.chunk(1);
    await turn();
    exchange.cancellation.cancel(new GatewayError("client_closed", "the client left"));
    expect(await failure).toMatchObject({ code: "client_closed" });
    expect(clock.pending).toBe(0);
  });
});
