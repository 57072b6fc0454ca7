import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { brotliCompressSync, gzipSync } from "node:zlib";
import type { ModelUsage } from "../../../../src/pipeline/exchange.ts";
import { log } from "../../../../src/policies/logging/log.ts";
import { EventUsage } from "../../../../src/policies/logging/usage/event-usage.ts";
import { JsonUsage } from "../../../../src/policies/logging/usage/json-usage.ts";
import { openExchange } from "../../pipeline/opening.ts";
import { policyFrom } from "../chain.ts";
import { type Answering, cutAt, exchanged } from "./answering.ts";

const policy = policyFrom(log.route, { usage: "llm" });

async function usageOf(answering: Answering): Promise<ModelUsage | undefined> {
  const exchange = openExchange({ method: "POST" });
  const sent = answering.body;
  const got = await exchanged(exchange, [policy], answering);
  const parts = typeof sent === "string" || sent instanceof Uint8Array ? [Buffer.from(sent)] : sent;
  expect(Buffer.from(got).equals(Buffer.concat(parts))).toBe(true);
  return exchange.usage;
}

const ofJson = (value: unknown): Promise<ModelUsage | undefined> =>
  usageOf({ fields: { "content-type": "application/json" }, body: JSON.stringify(value) });

const events = (...all: readonly object[]): string =>
  all.map((event) => `event: x\ndata: ${JSON.stringify(event)}\n\n`).join("");

const ofEvents = (body: string): Promise<ModelUsage | undefined> =>
  usageOf({ fields: { "content-type": "text/event-stream; charset=utf-8" }, body });

const CHAT = {
  id: "chatcmpl-1",
  object: "chat.completion",
  model: "gpt-5-mini-2026",
  choices: [
    { message: { role: "assistant", content: 'say "usage": {"prompt_tokens": 999}', model: "no" } },
  ],
  usage: {
    prompt_tokens: 19,
    completion_tokens: 10,
    total_tokens: 29,
    prompt_tokens_details: { cached_tokens: 7, prompt_tokens: 1 },
  },
};

describe("a JSON answer", () => {
  test("of chat completions tells its model and tokens", async () => {
    expect(await ofJson(CHAT)).toEqual({ model: "gpt-5-mini-2026", tokensIn: 19, tokensOut: 10 });
  });

  test("of the responses API does", async () => {
    const usage = {
      input_tokens: 36,
      input_tokens_details: { cached_tokens: 3 },
      output_tokens: 87,
    };
    const answer = { object: "response", model: "gpt-5", output: [{ usage: 1 }], usage };
    expect(await ofJson(answer)).toEqual({ model: "gpt-5", tokensIn: 36, tokensOut: 87 });
  });

  test("of embeddings tells the tokens in", async () => {
    const data = [{ embedding: Array.from({ length: 1536 }, (_, at) => at / 7) }];
    const usage = { prompt_tokens: 8, total_tokens: 8 };
    const answer = { object: "list", data, model: "text-embedding-3-small", usage };
    expect(await ofJson(answer)).toEqual({
      model: "text-embedding-3-small",
      tokensIn: 8,
      tokensOut: -1,
    });
  });

  test("of Anthropic's messages counts what a cache has saved as input", async () => {
    const usage = {
      input_tokens: 21,
      cache_creation_input_tokens: 188,
      cache_read_input_tokens: 1000,
      output_tokens: 393,
    };
    expect(await ofJson({ type: "message", model: "some-model", usage })).toEqual({
      model: "some-model",
      tokensIn: 1209,
      tokensOut: 393,
    });
  });

  test.each([
    [{ error: { message: "no", usage: { prompt_tokens: 1 } } }],
    [{ usage: null }],
    [{ usage: { prompt_tokens: "12", completion_tokens: -1, input_tokens: 1.5 } }],
    [{ usage: [{ prompt_tokens: 12 }] }],
    [[{ model: "gpt-5", usage: { prompt_tokens: 12 } }]],
    [{ response: { model: "gpt-5", usage: { prompt_tokens: 12 } } }],
    ["usage"],
  ])("without usage at its place says nothing: %j", async (answer) => {
    expect(await ofJson(answer)).toBeUndefined();
  });

  test.each([
    '{"model":"m","usage":{"prompt_tokens":1}',
    '{"model":"m"}}',
    '{"model" "m"}',
    '{"a":1,"usage":{"prompt_tokens":1,,}}',
    '{"usage":{"prompt_tokens":1}} x',
    "",
  ])("that is not valid says nothing: %s", async (body) => {
    const fields = { "content-type": "application/json" };
    expect(await usageOf({ fields, body })).toBeUndefined();
  });

  test("may have escapes in its model, a mark in front and numbers in other forms", async () => {
    const body = '\uFEFF { "m\\u006fdel" : "a\\"\\u00e9" , "usage" : { "prompt_tokens" : 1e2 } } ';
    const fields = { "content-type": "application/problem+json" };
    expect(await usageOf({ fields, body })).toEqual({ model: 'a"é', tokensIn: 100, tokensOut: -1 });
  });

  test("that its backend compressed all the same is read", async () => {
    const json = JSON.stringify(CHAT);
    for (const [coding, body] of [
      ["gzip", gzipSync(json)],
      ["br", brotliCompressSync(json)],
    ] as const) {
      const fields = { "content-type": "application/json", "content-encoding": coding };
      expect(await usageOf({ fields, body })).toMatchObject({ tokensIn: 19 });
      expect(await usageOf({ fields, body: cutAt(body, [1, 20]) })).toMatchObject({ tokensIn: 19 });
      expect(await usageOf({ fields, body: body.subarray(0, 60) })).toBeUndefined();
    }
    const unknown = { "content-type": "application/json", "content-encoding": "other" };
    expect(await usageOf({ fields: unknown, body: json })).toBeUndefined();
  });

  test("that is an error, or of another type, is not read", async () => {
    const body = JSON.stringify(CHAT);
    const fields = { "content-type": "application/json" };
    expect(await usageOf({ status: 500, fields, body })).toBeUndefined();
    expect(await usageOf({ fields: { "content-type": "text/plain" }, body })).toBeUndefined();
    expect(await usageOf({ body })).toBeUndefined();
  });
});

const CHUNKS = events(
  {
    object: "chat.completion.chunk",
    model: "gpt-5",
    choices: [{ delta: { content: "a" } }],
    usage: null,
  },
  {
    object: "chat.completion.chunk",
    model: "gpt-5",
    choices: [],
    usage: { prompt_tokens: 5, completion_tokens: 6 },
  },
).concat("data: [DONE]\n\n");

const MESSAGES = events(
  {
    type: "message_start",
    message: {
      model: "some-model",
      usage: { input_tokens: 25, cache_read_input_tokens: 5, output_tokens: 1 },
    },
  },
  { type: "content_block_delta", delta: { text: '"usage":{"output_tokens":99}' } },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 15 } },
  { type: "message_stop" },
);

describe("a stream", () => {
  test("of chat completions tells what its last chunk says", async () => {
    expect(await ofEvents(CHUNKS)).toEqual({ model: "gpt-5", tokensIn: 5, tokensOut: 6 });
  });

  test("of the responses API tells what it says at its end", async () => {
    const body = events(
      { type: "response.created", response: { model: "gpt-5", usage: null } },
      { type: "response.output_text.delta", delta: "a" },
      {
        type: "response.completed",
        response: { model: "gpt-5", usage: { input_tokens: 3, output_tokens: 4 } },
      },
    );
    expect(await ofEvents(body)).toEqual({ model: "gpt-5", tokensIn: 3, tokensOut: 4 });
  });

  test("of messages counts up", async () => {
    expect(await ofEvents(MESSAGES)).toEqual({ model: "some-model", tokensIn: 30, tokensOut: 15 });
  });

  test("may begin with a byte order mark", async () => {
    const usage = { prompt_tokens: 3, completion_tokens: 4 };
    const body = `\ufeffdata: ${JSON.stringify({ model: "m", choices: [], usage })}\n\n`;
    expect(await ofEvents(body)).toMatchObject({ model: "m", tokensIn: 3, tokensOut: 4 });
  });

  test("that breaks off tells what it has said", async () => {
    const begun = MESSAGES.slice(0, MESSAGES.indexOf("event: x", 20));
    expect(await ofEvents(`${begun}data: {"usage":{"output_tok`)).toMatchObject({
      tokensIn: 30,
      tokensOut: 1,
    });
  });

  test.each(["\r\n", "\r"])(
    "may end its lines with %j, and have data of several lines",
    async (end) => {
      const body =
        'id: 1\ndata:{"model":"m",\ndata: "usage":{"prompt_tokens":1\ndata:2}}\n\n: note\ndatax: {"model":"no"}\n\n';
      // A number does not go on in the next line.
      expect(await ofEvents(body.replaceAll("\n", end))).toBeUndefined();
      const two = 'data: {"model":"m","usage":\ndata: {"prompt_tokens":12}}\n\ndata\n\nda\n\n';
      expect(await ofEvents(two.replaceAll("\n", end))).toEqual({
        model: "m",
        tokensIn: 12,
        tokensOut: -1,
      });
    },
  );
});

test("pieces that end anywhere make no difference", () => {
  const whole = (text: string) => {
    const reader = new EventUsage();
    reader.see(Buffer.from(text));
    reader.end();
    return reader.read;
  };
  const texts = [CHUNKS, MESSAGES, MESSAGES.replaceAll("\n", "\r\n")];
  fc.assert(
    fc.property(fc.constantFrom(...texts), fc.array(fc.nat(900)), (text, places) => {
      const reader = new EventUsage();
      for (const piece of cutAt(Buffer.from(text), places)) reader.see(piece);
      reader.end();
      expect(reader.read).toEqual(whole(text));
    }),
  );
  const json = Buffer.from(JSON.stringify(CHAT));
  fc.assert(
    fc.property(fc.array(fc.nat(json.length)), (places) => {
      const reader = new JsonUsage(false);
      for (const piece of cutAt(json, places)) reader.see(piece);
      expect(reader.isComplete).toBe(true);
      expect(reader.read).toMatchObject({ input: 19, output: 10 });
    }),
  );
});

test("any JSON around it makes no difference", () => {
  const other = fc.string().filter((name) => !["usage", "model", "__proto__"].includes(name));
  fc.assert(
    fc.property(
      fc.dictionary(other, fc.jsonValue(), { maxKeys: 4 }),
      fc.dictionary(other, fc.jsonValue(), { maxKeys: 4 }),
      fc.nat(),
      (before, after, tokens) => {
        const usage = { completion_tokens: tokens };
        const reader = new JsonUsage(false);
        reader.see(
          Buffer.from(JSON.stringify({ ...before, model: "m", usage, ...after }, null, 1)),
        );
        expect(reader.isComplete).toBe(true);
        expect(reader.read).toMatchObject({ model: "m", output: tokens });
      },
    ),
  );
});

test("bytes of any kind are no error", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), fc.string(), (pieces, text) => {
      for (const reader of [new JsonUsage(true), new EventUsage()]) {
        reader.see(Buffer.from(`{${text}`));
        for (const piece of pieces) reader.see(piece);
        reader.end();
      }
    }),
  );
});

test("the backend is asked for content that can be read", async () => {
  const exchange = openExchange({ fields: { "accept-encoding": "gzip, br" } });
  await exchanged(exchange, [policy], { body: "" });
  expect(exchange.outgoing.get("accept-encoding")).toBe("identity");
});
