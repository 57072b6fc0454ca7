import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import type { Exchange } from "../../../src/pipeline/exchange.ts";
import { answerLastHop, requestContent } from "../../../src/proxy/request.ts";
import { RouteTimeoutSets } from "../../../src/proxy/route-timeouts.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { type Opening, openExchange } from "../pipeline/opening.ts";
import { drip, rejection, turn } from "./network.ts";
import { settingsWith } from "./settings.ts";

describe("Max-Forwards", () => {
  const options = (value: string, method = "OPTIONS") =>
    openExchange({ method, fields: { "max-forwards": value } });
  test("of 0 has the gateway answer an OPTIONS request itself", () => {
    expect(answerLastHop(options("0"))?.status).toBe(204);
    expect(answerLastHop(options("00"))?.status).toBe(204);
  });

  test("means nothing to other methods, and need not be there", () => {
    expect(answerLastHop(options("3"))).toBeUndefined();
    expect(answerLastHop(options("many"))).toBeUndefined();
    expect(answerLastHop(options("0", "GET"))).toBeUndefined();
    expect(answerLastHop(openExchange({ method: "OPTIONS" }))).toBeUndefined();
  });
});

describe("a request's content", () => {
  const read = async (exchange: Exchange, clock = new FakeClock()) => {
    const settings = settingsWith();
    const timeouts = new RouteTimeoutSets(clock).of(settings.timeouts);
    return requestContent(exchange, settings, timeouts, clock);
  };
  const open = (fields: Record<string, string>, body?: Opening["body"], method = "POST") =>
    openExchange({ method, fields, ...(body === undefined ? {} : { body }) });
  const chunked = { "transfer-encoding": "chunked" };

  test("is none where the client sends none", async () => {
    expect(await read(open({}))).toMatchObject({ body: null, sent: undefined });
  });

  test("that is small is read whole and counted", async () => {
    const clock = new FakeClock();
    const exchange = open({ "content-length": "5" }, "hello");
    expect(await read(exchange, clock)).toMatchObject({
      body: Buffer.from("hello"),
      sent: undefined,
    });
    expect(exchange.bytesIn).toBe(5);
    expect(clock.pending).toBe(0);
  });

  test("that is small and slow is answered 408 when time is up", async () => {
    const clock = new FakeClock();
    const source = drip();
    const exchange = open({ "content-length": "5" }, source.stream);
    const failure = rejection(read(exchange, clock));
    source.chunk(3);
    clock.advance(999);
    await Promise.resolve();
    clock.advance(1);
    expect(await failure).toMatchObject({
      code: "request_timeout",
      message: "the request's content took longer than 1000 ms",
    });
    expect(clock.pending).toBe(0);
    source.break(new Error("the connection is gone"));
  });

  test("that breaks off was broken off by the client", async () => {
    const clock = new FakeClock();
    const source = drip();
    const failure = rejection(read(open({ "content-length": "5" }, source.stream), clock));
    source.break(new GatewayError("client_closed", "the client left"));
    expect(await failure).toMatchObject({ code: "client_closed", message: "the client left" });
    expect(clock.pending).toBe(0);
  });

  test("that is declared too large is refused before any of it is read", async () => {
    const source = drip();
    const exchange = open({ "content-length": "100001" }, source.stream);
    expect(await rejection(read(exchange))).toMatchObject({
      code: "body_too_large",
      message: "the request's content is larger than 100000 bytes",
    });
    expect(exchange.bytesIn).toBe(0);
  });

  /** A request whose content comes in pieces, and the stream that the backend is sent. */
  async function uploading(fields: Record<string, string> = chunked) {
    const source = drip();
    const clock = new FakeClock();
    const exchange = open(fields, source.stream);
    const { cancellation } = exchange;
    const { body, sent } = await read(exchange, clock);
    if (body === null || body instanceof Uint8Array)
      throw new Error("this was expected to be a stream");
    const state = { sent: false };
    void sent?.then(() => (state.sent = true));
    return { source, clock, cancellation, exchange, state, reader: body };
  }

  test("that is large is streamed, and counted", async () => {
    const { source, clock, exchange, state, reader } = await uploading({
      "content-length": "100000",
    });
    source.chunk(60_000);
    await reader.read();
    expect(exchange.bytesIn).toBe(60_000);
    source.chunk(40_000);
    await reader.read();
    expect(state.sent).toBe(false);
    source.end();
    expect((await reader.read()).done).toBe(true);
    expect(exchange.bytesIn).toBe(100_000);
    expect(state.sent).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("of unknown length breaks as soon as it is too large, and the attempt with it", async () => {
    const { source, clock, cancellation, state, reader } = await uploading();
    source.chunk(100_000);
    await reader.read();
    source.chunk(1);
    await rejection(reader.read());
    expect(cancellation.reason).toMatchObject({ code: "body_too_large", status: 413 });
    expect(state.sent).toBe(false);
    expect(clock.pending).toBe(0);
  });

  test("that is streamed may take forever while it moves", async () => {
    const { source, clock, cancellation, reader } = await uploading();
    for (let chunk = 0; chunk < 20; chunk += 1) {
      const reading = reader.read();
      await turn();
      clock.advance(999);
      source.chunk(1);
      await reading;
    }
    expect(cancellation.reason).toBeUndefined();
    await reader.cancel(undefined);
  });

  test("that stops coming is the client's fault", async () => {
    const { source, clock, cancellation, reader } = await uploading();
    source.chunk(1);
    await reader.read();
    void reader.read();
    await turn();
    clock.advance(1_000);
    expect(cancellation.reason).toMatchObject({
      code: "request_timeout",
      status: 408,
      message: "no request content arrived for 1000 ms",
    });
  });

  test("that the backend does not take is the backend's fault", async () => {
    const { source, clock, cancellation, reader } = await uploading();
    source.chunk(1);
    await reader.read();
    source.chunk(1);
    clock.advance(1_000);
    expect(cancellation.reason).toMatchObject({
      code: "backend_stalled",
      status: 504,
      message: "the backend accepted no request content for 1000 ms",
    });
  });
});
