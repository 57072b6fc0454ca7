import { describe, expect, test } from "bun:test";
import type { ContentReader } from "../../../src/pipeline/content.ts";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { ConnectionPool } from "../../../src/transport/pool.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { startRawBackend } from "../../support/raw-backend.ts";
import { createStage } from "../../support/stage.ts";
import { openExchange } from "../pipeline/opening.ts";
import { drip, rejection, type Sent, silence, turn } from "./network.ts";
import { forwarding, forwardingBy } from "./forwarding.ts";

const stage = createStage();

describe("forwarding", () => {
  test("sends one request to the backend and relays its answer", async () => {
    const { clock, sent, forward } = forwarding(() => {
      clock.advance(30);
      return new Response("hello", { headers: { "content-length": "5" } });
    });
    const exchange = openExchange({ url: "http://gateway.test/a%20b?c=d", fields: { "x-a": "1" } });
    expect(await (await forward(exchange)).text()).toBe("hello");
    expect(sent.map(({ url }) => url)).toEqual(["http://backend.test:9001/a%20b?c=d"]);
    expect(sent[0]?.headers.get("x-a")).toBe("1");
    expect(exchange).toMatchObject({
      backend: "http://backend.test:9001",
      attempts: [{ backend: "http://backend.test:9001", startedAt: 0, endedAt: 30 }],
      headersAt: 30,
      bytesOut: 5,
    });
  });

  test.each([
    ["http://backend.test/v1", "http://backend.test/v1/things"],
    ["http://backend.test/v1/", "http://backend.test/v1/things"],
    ["https://backend.test:443", "https://backend.test/things"],
    ["http://[::1]:9001", "http://[::1]:9001/things"],
  ])("to %s puts its base path in front: %s", async (url, target) => {
    const { sent, forward } = forwarding(() => new Response("x"), { url });
    await forward(openExchange());
    expect(sent[0]?.url).toBe(target);
  });

  test("shows the backend the Host that the client asked for, or none so that it gets its own", async () => {
    const kept = forwarding(() => new Response("x"));
    await kept.forward(openExchange());
    expect(kept.sent[0]?.headers.get("host")).toBe("gateway.test");
    const own = forwarding(() => new Response("x"), { preserveHost: false });
    await own.forward(openExchange());
    expect(own.sent[0]?.headers.has("host")).toBe(false);
    expect(own.sent[0]?.headers.get("x-forwarded-host")).toBe("gateway.test");
  });

  test("without a healthy backend is an error, and nothing is sent", async () => {
    const { sent, health, forward } = forwarding(() => new Response("x"));
    health.failed(0, "refused");
    const exchange = openExchange();
    expect(await rejection(forward(exchange))).toMatchObject({
      code: "no_healthy_backend",
      fields: { "retry-after": "1" },
    });
    expect(sent).toEqual([]);
    expect(exchange).toMatchObject({ backend: "", attempts: [] });
  });

  test("waits so long for an answer, and no longer", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const { clock, forward } = forwarding(() => {
      resolve();
      return silence();
    });
    const exchange = openExchange();
    const failure = rejection(forward(exchange));
    await asked;
    clock.advance(5_000);
    expect(await failure).toMatchObject({ code: "backend_timeout" });
    expect(exchange).toMatchObject({
      attempts: [{ failure: { code: "backend_timeout" } }],
      headersAt: 0,
    });
  });

  test("reads a small body whole before anything is sent", async () => {
    const source = drip();
    const { sent, forward } = forwarding(() => new Response("x"));
    const answer = forward(
      openExchange({ method: "POST", fields: { "content-length": "6" }, body: source.stream }),
    );
    source.chunk(3);
    await Bun.sleep(0);
    expect(sent).toEqual([]);
    source.chunk(3);
    source.end();
    await answer;
    expect(sent[0]?.request.body).toEqual(new Uint8Array(6));
  });

  test("asks no backend when the client's content does not come", async () => {
    const source = drip();
    const { clock, sent, forward } = forwarding(() => new Response("x"));
    const exchange = openExchange({
      method: "POST",
      fields: { "content-length": "6" },
      body: source.stream,
    });
    const failure = rejection(forward(exchange));
    clock.advance(1_000);
    expect(await failure).toMatchObject({ code: "request_timeout" });
    expect(sent).toEqual([]);
    expect(exchange.attempts).toEqual([]);
    source.end();
  });

  // A client may upload for as long as it keeps sending: its own slowness is not the backend's.
  test("does not blame the backend for a client that is still sending", async () => {
    const source = drip();
    const { promise: asked, resolve } = Promise.withResolvers<Sent>();
    const { clock, forward } = forwarding((sent) => {
      resolve(sent);
      return silence();
    });
    const exchange = openExchange({
      method: "POST",
      fields: { "transfer-encoding": "chunked" },
      body: source.stream,
    });
    const failure = rejection(forward(exchange));
    const reader = bodyOf(await asked);
    for (let chunk = 0; chunk < 10; chunk += 1) {
      const reading = reader.read();
      await turn();
      clock.advance(900);
      source.chunk(1);
      await reading;
    }
    expect((await asked).signal.aborted).toBe(false);
    source.end();
    await reader.read();
    clock.advance(5_000);
    expect(await failure).toMatchObject({ code: "backend_timeout" });
  });

  test("answers 408 for a client that stops sending in the middle of an upload", async () => {
    const source = drip();
    const { promise: asked, resolve } = Promise.withResolvers<Sent>();
    const { clock, forward } = forwarding((sent) => {
      resolve(sent);
      return silence();
    });
    const fields = { "transfer-encoding": "chunked" };
    const exchange = openExchange({ method: "POST", fields, body: source.stream });
    const failure = rejection(forward(exchange));
    void bodyOf(await asked).read();
    await turn();
    clock.advance(1_000);
    expect(await failure).toMatchObject({ code: "request_timeout", status: 408 });
  });

  test("answers 413 for an upload that turns out too large on its way", async () => {
    const source = drip();
    const { forward } = forwarding(async (sent) => {
      while (!(await bodyOf(sent).read()).done) continue;
      return new Response("x");
    });
    const fields = { "transfer-encoding": "chunked" };
    const exchange = openExchange({ method: "POST", fields, body: source.stream });
    const failure = rejection(forward(exchange));
    source.chunk(100_001);
    expect(await failure).toMatchObject({ code: "body_too_large", status: 413 });
  });

  test("is broken off when the client leaves before there is an answer", async () => {
    const exchange = openExchange();
    const { sent, forward } = forwarding(silence);
    const failure = rejection(forward(exchange));
    await turn();
    exchange.cancellation.cancel(new GatewayError("client_closed", "the client left"));
    expect(await failure).toMatchObject({ code: "client_closed", status: 499 });
    expect(sent[0]?.signal.aborted).toBe(true);
  });

  test("answers the last OPTIONS request that Max-Forwards allows without a backend", async () => {
    const { sent, forward } = forwarding(() => new Response("x"));
    const options = (left: string) =>
      forward(openExchange({ method: "OPTIONS", fields: { "max-forwards": left } }));
    expect((await options("0")).status).toBe(204);
    expect(sent).toEqual([]);
    await options("1");
    expect(sent[0]?.headers.get("max-forwards")).toBe("0");
  });
});

describe("an exchange's own timeout", () => {
  const timeouts = { exchange: 3_000 };

  test("ends the wait for an answer", async () => {
    const { clock, forward } = forwarding(silence, { timeouts });
    const failure = rejection(forward(openExchange()));
    await turn();
    clock.advance(3_000);
    expect(await failure).toMatchObject({
      code: "exchange_timeout",
      status: 504,
      message: "the exchange took longer than 3000 ms",
    });
    expect(clock.pending).toBe(0);
  });

  test("counts from the start, the client's content included", async () => {
    const source = drip();
    const { clock, sent, forward } = forwarding(silence, {
      timeouts: { ...timeouts, request: 10_000 },
    });
    const fields = { "content-length": "3" };
    const failure = rejection(
      forward(openExchange({ method: "POST", fields, body: source.stream })),
    );
    clock.advance(3_000);
    source.chunk(3);
    source.end();
    expect(await failure).toMatchObject({ code: "exchange_timeout" });
    expect(sent).toEqual([]);
  });

  test("breaks an answer off in its middle, however lively it is", async () => {
    const source = drip();
    const { clock, sent, forward } = forwarding(
      ({ signal }) => {
        signal.addEventListener("abort", () => source.break(new Error("aborted")));
        return new Response(source.stream);
      },
      { timeouts },
    );
    const exchange = openExchange();
    const reader = (await forward(exchange)).body!.getReader();
    for (let chunk = 0; chunk < 5; chunk += 1) {
      source.chunk(1);
      await reader.read();
      clock.advance(500);
    }
    expect(sent[0]?.signal.aborted).toBe(false);
    clock.advance(500);
    await rejection(reader.read());
    expect(exchange).toMatchObject({ errorCode: "exchange_timeout", bytesOut: 5 });
    expect(clock.pending).toBe(0);
  });

  test("is watched no longer when the answer has ended in time", async () => {
    const whole = forwarding(() => new Response("hello", { headers: { "content-length": "5" } }), {
      timeouts,
    });
    await (await whole.forward(openExchange())).text();
    expect(whole.clock.pending).toBe(0);
    const streamed = forwarding(() => new Response("hello"), { timeouts });
    const exchange = openExchange();
    await (await streamed.forward(exchange)).text();
    await turn();
    expect(streamed.clock.pending).toBe(0);
  });
});

describe("forwarding over a real connection", () => {
  function overConnections(url: string) {
    const pool = new ConnectionPool({ clock: new FakeClock() });
    stage.defer(() => pool.close());
    return forwardingBy((attempt) => pool.send(attempt), { url });
  }

  test.each(["600 Odd", "999 Odd"])("answers 502 for a backend's %s", async (status) => {
    const backend = await startRawBackend(stage, (request) => {
      request.send(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
    });
    const { forward } = overConnections(backend.url);
    expect(await rejection(forward(openExchange()))).toMatchObject({
      code: "backend_protocol_error",
    });
  });

  test("refuses an empty answer that had promised content", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n");
      request.end();
    });
    const { forward } = overConnections(backend.url);
    const content = async () => (await forward(openExchange())).text();
    expect(await rejection(content())).toMatchObject({
      code: "backend_answer_incomplete",
    });
  });

  test("lets go of the backend's connection when the reader goes away", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    });
    const { forward } = overConnections(backend.url);
    const exchange = openExchange();
    const reader = (await forward(exchange)).body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("hello");
    await reader.cancel();
    await backend.requests[0]?.closed;
    expect(exchange.status).toBe(499);
  });
});

function bodyOf({ request }: Sent): ContentReader {
  const { body } = request;
  if (body === null || body instanceof Uint8Array) throw new Error("this was expected to be read");
  return body;
}
