import { describe, expect, test } from "bun:test";
import { openExchange } from "../pipeline/opening.ts";
import { drip, networkError, rejection, turn } from "./network.ts";
import { forwarding } from "./forwarding.ts";

describe("a backend's requests in flight", () => {
  const source = () => new Response(drip().stream);

  test("are limited, and the next go to another backend", async () => {
    const { sent, backends, forward } = forwarding(source, { maxInFlight: [1, 2] });
    for (let request = 0; request < 3; request += 1) await forward(openExchange());
    expect(backends.map(({ inFlight }) => inFlight)).toEqual([1, 2]);
    const exchange = openExchange();
    expect(await rejection(forward(exchange))).toMatchObject({
      code: "overloaded",
      status: 503,
      fields: { "retry-after": "1" },
    });
    expect(exchange).toMatchObject({ backend: "", attempts: [] });
    expect(sent).toHaveLength(3);
    expect(backends.map(({ inFlight }) => inFlight)).toEqual([1, 2]);
  });

  test("end with a whole answer", async () => {
    const { backends, forward } = forwarding(
      () => new Response("hello", { headers: { "content-length": "5" } }),
      { maxInFlight: [1] },
    );
    await (await forward(openExchange())).text();
    expect(backends[0]?.inFlight).toBe(0);
    await (await forward(openExchange())).text();
    expect(backends[0]?.inFlight).toBe(0);
  });

  test.each([
    ["its end", (stream: ReturnType<typeof drip>) => stream.end()],
    ["its break", (stream: ReturnType<typeof drip>) => stream.break(networkError("ECONNRESET"))],
  ])("end with an answer that is passed on at %s", async (_when, finish) => {
    const stream = drip();
    const { backends, forward } = forwarding(() => new Response(stream.stream));
    const exchange = openExchange();
    const response = await forward(exchange);
    expect(backends[0]?.inFlight).toBe(1);
    finish(stream);
    await response.text().catch(() => undefined);
    await turn();
    expect(backends[0]?.inFlight).toBe(0);
  });

  test("end when the reader of an answer goes away", async () => {
    const { backends, forward } = forwarding(source);
    const exchange = openExchange();
    await (await forward(exchange)).body?.cancel();
    await turn();
    expect(backends[0]?.inFlight).toBe(0);
  });

  test.each([
    ["a backend that cannot be reached", () => Promise.reject(networkError("ECONNREFUSED"))],
    ["a status that makes no sense", () => Object.defineProperty(source(), "status", { value: 0 })],
  ])("end with %s", async (_how, answer) => {
    const { backends, forward } = forwarding(answer);
    await rejection(forward(openExchange()));
    expect(backends[0]?.inFlight).toBe(0);
  });

  test("do not include those whose content is too large or has not come", async () => {
    const { clock, backends, forward } = forwarding(source);
    const post = (length: string) =>
      forward(
        openExchange({
          method: "POST",
          fields: { "content-length": length },
          body: drip().stream,
        }),
      );
    await rejection(post("100001"));
    expect(backends[0]?.inFlight).toBe(0);
    const late = rejection(post("5"));
    expect(backends[0]?.inFlight).toBe(0);
    clock.advance(1_000);
    await late;
    expect(backends[0]?.inFlight).toBe(0);
  });

  test("do not include a WebSocket's handshake that is refused", async () => {
    const { backends, forward } = forwarding(source);
    const fields = { connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "8" };
    expect(await rejection(forward(openExchange({ fields })))).toMatchObject({
      code: "websocket_version",
    });
    expect(backends[0]?.inFlight).toBe(0);
  });
});
