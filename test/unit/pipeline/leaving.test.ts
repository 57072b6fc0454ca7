import { describe, expect, test } from "bun:test";
import { Answer } from "../../../src/pipeline/answer.ts";
import { leaving } from "../../../src/pipeline/leaving.ts";
import { openExchange } from "./opening.ts";

const encoder = new TextEncoder();

/** A stream of texts, which remembers whether it was cancelled. */
function streamOf(...texts: readonly (string | Error)[]) {
  const rest = [...texts];
  const seen: { cancelledWith?: unknown } = {};
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const next = rest.shift();
        if (next === undefined) controller.close();
        else if (next instanceof Error) controller.error(next);
        else controller.enqueue(encoder.encode(next));
      },
      cancel(reason) {
        seen.cancelledWith = reason;
      },
    },
    { highWaterMark: 0 },
  );
  return { body, seen };
}

/** An exchange whose answer has content of a policy's own. */
function leavingWith(...texts: readonly (string | Error)[]) {
  const exchange = openExchange();
  const { body, seen } = streamOf(...texts);
  const { body: left } = leaving(exchange, new Answer(body));
  if (!(left instanceof ReadableStream)) throw new Error("the content is not a stream any more");
  return { exchange, left, seen };
}

describe("content in the place of the backend's", () => {
  test("is counted as it leaves, and the exchange ends with it", async () => {
    const { exchange, left } = leavingWith("one ", "zwölf");
    expect(exchange.content).toBe(left);
    expect(exchange.bytesOut).toBe(0);
    expect(await new Response(left).text()).toBe("one zwölf");
    expect(exchange.bytesOut).toBe(10);
    await exchange.ended;
  });

  test("that breaks off ends the exchange, with the sent bytes counted", async () => {
    const { exchange, left } = leavingWith("one ", new Error("broken"));
    expect(new Response(left).text()).rejects.toThrow("broken");
    await exchange.ended;
    expect(exchange.bytesOut).toBe(4);
  });

  test("that the client does not want ends the exchange, and its source hears why", async () => {
    const { exchange, left, seen } = leavingWith("one ", "two");
    await left.cancel("gone");
    await exchange.ended;
    expect(seen.cancelledWith).toBe("gone");
  });

  test.each([
    ["zwölf", 6],
    [encoder.encode("zwölf"), 6],
    [null, 0],
  ])("%p, which is whole, has %d bytes", (body, bytes) => {
    const exchange = openExchange();
    const answer = new Answer(body);
    expect(leaving(exchange, answer)).toBe(answer);
    expect(exchange).toMatchObject({ bytesOut: bytes, content: undefined, ended: undefined });
  });
});

test("content that counts itself stays as it is", () => {
  const exchange = openExchange();
  const { body } = streamOf("one");
  exchange.content = body;
  const answer = new Answer(body);
  expect(leaving(exchange, answer)).toBe(answer);
});

test("nothing leaves to a client that has left", () => {
  const exchange = openExchange();
  exchange.fail("client_closed", "the client left");
  leaving(exchange, new Answer("a problem"));
  expect(exchange.bytesOut).toBe(0);
});
