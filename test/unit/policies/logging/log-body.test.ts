import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import { type KeptContent, readKeptContent } from "../../../../src/pipeline/kept-content.ts";
import type { Policy } from "../../../../src/pipeline/policy.ts";
import { Beginning } from "../../../../src/policies/logging/beginning.ts";
import { logBody } from "../../../../src/policies/logging/log-body.ts";
import { openExchange, type Opening } from "../../pipeline/opening.ts";
import { policyFrom } from "../chain.ts";
import { type Answering, cutAt, exchanged } from "./answering.ts";

interface Kept {
  readonly request: KeptContent | undefined;
  readonly response: KeptContent | undefined;
}

async function kept(written: unknown, opening: Opening, answering: Answering): Promise<Kept> {
  const exchange = openExchange({ method: "POST", ...opening });
  await exchanged(exchange, [policyFrom(logBody.route, written)], answering);
  const { requestBody, responseBody } = exchange.details ?? {};
  return { request: readKeptContent(requestBody), response: readKeptContent(responseBody) };
}

const JSON_TYPE = { "content-type": "application/json" };
const ALL = { when: "all" };

const ofAnswer = async (
  written: object,
  type: string,
  body: Answering["body"],
): Promise<KeptContent | undefined> =>
  (await kept({ ...ALL, ...written }, {}, { fields: { "content-type": type }, body })).response;

describe("of requests and answers", () => {
  test("whose route asks for it the contents are kept, redacted", async () => {
    const opening = { fields: JSON_TYPE, body: '{"a":1,"token":"x"}' };
    const answering = { fields: { "content-type": "text/plain" }, body: "done" };
    expect(await kept(ALL, opening, answering)).toEqual({
      request: {
        type: "application/json",
        bytes: 19,
        text: '{"a":1,"token":"[redacted]"}',
        redacted: true,
      },
      response: { type: "text/plain", bytes: 4, text: "done" },
    });
  });

  test("a secret in the type is redacted too", async () => {
    const answer = await ofAnswer({}, "text/plain; token=abc", "done");
    expect(answer?.type).toBe("text/plain; token=[redacted]");
  });

  test("only those of errors are kept unless the route asks for all", async () => {
    const opening = { fields: JSON_TYPE, body: "{}" };
    const none = { request: undefined, response: undefined };
    for (const written of [true, "4KiB", {}]) {
      expect(await kept(written, opening, { body: "ok" })).toEqual(none);
      const { request, response } = await kept(written, opening, { status: 404, body: "no" });
      expect([request?.text, response?.text]).toEqual(["{}", "no"]);
    }
    expect(policyFrom(logBody.route, false)).toBeUndefined();
  });

  test("without content there is nothing to keep", async () => {
    const none = { request: undefined, response: undefined };
    expect(await kept({ ...ALL, request: 0, response: 0 }, { body: "a" }, { body: "b" })).toEqual(
      none,
    );
    expect((await kept(ALL, { method: "GET" }, { body: "" })).request).toBeUndefined();
  });

  test("the beginning is kept of what is longer, whatever its pieces", async () => {
    const body = Buffer.from("0123456789€abcdef");
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(body.length)), async (places) => {
        const response = await ofAnswer({ response: 12 }, "text/plain", cutAt(body, places));
        // Half of a character is none.
        expect(response).toEqual({ type: "text/plain", bytes: 19, text: "0123456789", cut: true });
      }),
      { numRuns: 30 },
    );
  });

  test("a request's content is kept that comes in pieces", async () => {
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        for (const piece of ["one ", "two ", "three"]) {
          controller.enqueue(Buffer.from(piece));
          await Promise.resolve();
        }
        controller.close();
      },
    });
    const { request } = await kept({ ...ALL, request: 9 }, { body }, { body: "" });
    expect(request).toEqual({ type: "", bytes: 13, text: "one two t", cut: true });
  });

  test("the code of the gateway's own problem is kept, and a backend's is redacted", async () => {
    const refusing: Policy = {
      name: "refusing",
      request() {
        throw new GatewayError("rate_limited", 'not so fast, {"code":"x"}', {
          members: { token: "hush" },
        });
      },
    };
    const exchange = openExchange({ method: "POST", body: "" });
    await exchanged(exchange, [policyFrom(logBody.route, true), refusing], {
      body: "",
      status: 429,
    });
    const own = readKeptContent(exchange.details?.responseBody);
    expect(JSON.parse(own?.text ?? "")).toMatchObject({
      code: "rate_limited",
      token: "[redacted]",
    });

    const fields = { "content-type": "application/problem+json" };
    const body = '{"code":"rate_limited"}';
    const { response } = await kept(true, {}, { status: 429, fields, body });
    expect(response?.text).toBe('{"code":"[redacted]"}');
  });

  test("no answer is kept of which the client got nothing, as it had left", async () => {
    for (const [sent, text] of [
      [0, undefined],
      [2, "no"],
    ] as const) {
      const exchange = openExchange({ method: "POST", body: "" });
      exchange.sent(sent);
      await exchanged(exchange, [policyFrom(logBody.route, true)], { status: 499, body: "no" });
      expect(readKeptContent(exchange.details?.responseBody)?.text).toBe(text);
    }
  });

  test("nothing is kept that has no row", async () => {
    const exchange = openExchange({ method: "POST", body: "a" });
    exchange.logged = "off";
    await exchanged(exchange, [policyFrom(logBody.route, ALL)], { body: "b" });
    expect(exchange.details).toBeUndefined();
  });
});

describe("of content that is", () => {
  test.each([
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["deflate", deflateRawSync],
    ["zstd", zstdCompressSync],
  ])("compressed by %s the text is kept", async (coding, compress) => {
    const body = compress(Buffer.from('{"key":1,"b":2}'));
    const fields = { ...JSON_TYPE, "content-encoding": coding };
    expect((await kept(ALL, {}, { fields, body })).response).toEqual({
      type: "application/json",
      encoding: coding,
      bytes: body.length,
      text: '{"key":"[redacted]","b":2}',
      redacted: true,
    });
  });

  test("compressed and larger than the limit the beginning is kept", async () => {
    const lines = Array.from({ length: 2_000 }, (_, at) => `line ${at * 7919}`).join("\n");
    const fields = { "content-type": "text/plain", "content-encoding": "gzip" };
    const { response } = await kept(
      { ...ALL, response: 500 },
      {},
      { fields, body: gzipSync(lines) },
    );
    expect(response?.cut).toBe(true);
    expect(lines.startsWith(response!.text!)).toBe(true);
    expect(response!.text!.length).toBeGreaterThan(300);
  });

  test("compressed to far less than it is little is decompressed", async () => {
    const fields = { "content-type": "text/plain", "content-encoding": "gzip" };
    const body = gzipSync("a".repeat(50_000_000));
    const { response } = await kept({ ...ALL, response: 100_000 }, {}, { fields, body });
    expect(response?.bytes).toBe(body.length);
    expect(response?.text?.length ?? 0).toBeLessThanOrEqual(100_000);
  });

  test("not compressed as it says only type and size are kept", async () => {
    const fields = { ...JSON_TYPE, "content-encoding": "gzip" };
    expect((await kept(ALL, {}, { fields, body: "{}" })).response).toEqual({
      type: "application/json",
      encoding: "gzip",
      bytes: 2,
    });
  });

  test("binary only type and size are kept, unless it is asked for", async () => {
    const body = Uint8Array.of(1, 0, 2);
    expect(await ofAnswer({}, "image/png", body)).toEqual({ type: "image/png", bytes: 3 });
    expect(await ofAnswer({}, "text/plain", Uint8Array.of(0xff))).toMatchObject({ bytes: 1 });
    expect(await ofAnswer({ binary: true }, "image/png", body)).toEqual({
      type: "image/png",
      bytes: 3,
      base64: "AQAC",
    });
  });

  test("a form with files only type and size are kept", async () => {
    const type = "multipart/form-data; boundary=x";
    expect(await ofAnswer({ binary: true }, type, "--x")).toEqual({ type, bytes: 3 });
  });

  test.each([
    ["application/x-www-form-urlencoded", "a=1&pwd=2", "a=1&pwd=[redacted]"],
    ["application/soap+xml", "<pwd>2</pwd>", "<pwd>[redacted]</pwd>"],
    ["application/x-ndjson", '{"pwd":2}\n', '{"pwd":"[redacted]"}\n'],
    ["application/yaml", "pwd: 2", "pwd: [redacted]"],
  ])("%s secrets are redacted", async (type, body, text) => {
    expect((await ofAnswer({}, type, body))?.text).toBe(text);
  });

  test("text no character is kept that could harm a terminal", async () => {
    const exchange = openExchange();
    const body = "\u001B[2Ja\u009B\u202E\r\n\u0007";
    await exchanged(exchange, [policyFrom(logBody.route, ALL)], { body });
    const column = exchange.details?.responseBody ?? "";
    expect(column).toMatch(/^[\x20-\x7E]*$/);
    expect(readKeptContent(column)?.text).toBe(body);
  });
});

test("a beginning holds no more than its limit", () => {
  const beginning = new Beginning(10_000);
  for (let at = 0; at < 5_000; at += 1) beginning.see(Uint8Array.of(at, at, at));
  expect([beginning.kept.length, beginning.bytes, beginning.isAll]).toEqual([
    10_000,
    15_000,
    false,
  ]);
});

test("what a row keeps is read again, and nothing else", () => {
  for (const column of [
    null,
    undefined,
    "",
    "text",
    "[]",
    "{}",
    '{"type":"","bytes":1,"text":2}',
  ]) {
    expect(readKeptContent(column)).toBeUndefined();
  }
});
