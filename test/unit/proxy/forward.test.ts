import { describe, expect, test } from "bun:test";
import type { Exchange } from "../../../src/pipeline/exchange.ts";
import { BufferBudget } from "../../../src/proxy/buffer-budget.ts";
import { ConnectionPool } from "../../../src/transport/pool.ts";
import type { Transport } from "../../../src/transport/attempt.ts";
import { Forwarding } from "../../../src/proxy/forward.ts";
import { TimeLimitSets } from "../../../src/proxy/time-limits.ts";
import { Tunnels } from "../../../src/proxy/tunnel.ts";
import { Backend, readBackendAddress } from "../../../src/upstream/backend.ts";
import { CheckedHealth } from "../../../src/upstream/health/health.ts";
import { Upstream } from "../../../src/upstream/upstream.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { startRawBackend } from "../../support/raw-backend.ts";
import { createStage } from "../../support/stage.ts";
import { asResponse } from "../pipeline/answers.ts";
import { openExchange } from "../pipeline/opening.ts";
import { drip, network, networkError, rejection, type Sent, silence, turn } from "./network.ts";
import { type Changes, settingsWith } from "./settings.ts";

const stage = createStage();

function forwarding(
  answer: (sent: Sent) => Response | Promise<Response>,
  changes: ForwardingChanges = {},
) {
  const { transport, sent } = network(answer);
  return { sent, ...forwardingBy(transport, changes) };
}

interface ForwardingChanges extends Changes {
  readonly url?: string;
  readonly maxInFlight?: number[];
}

function forwardingBy(transport: Transport, changes: ForwardingChanges) {
  const { url = "http://backend.test:9001", maxInFlight, ...settings } = changes;
  const health = new CheckedHealth({ unhealthy_after: 1, healthy_after: 1 });
  const clock = new FakeClock();
  const backends = maxInFlight?.map(
    (most, index) =>
      new Backend({
        address: readBackendAddress(`http://backend${index}.test`),
        weight: 1,
        health,
        maxInFlight: most,
      }),
  ) ?? [new Backend({ address: readBackendAddress(url), weight: 1, health })];
  const tunnels = new Tunnels();
  const route = settingsWith(settings);
  const limits = new TimeLimitSets(clock).of(route.timeouts);
  const services = { transport, clock, budget: new BufferBudget(1_000_000), tunnels };
  const forwarding = new Forwarding(new Upstream(backends), route, limits, services);
  const forward = async (exchange: Exchange) => {
    exchange.outgoingRules = route;
    return asResponse(await forwarding.handle(exchange));
  };
  return { clock, health, backends, tunnels, forward };
}

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

  test("refuses a GET with content before anything is sent", async () => {
    const { sent, forward } = forwarding(() => new Response("x"));
    const failure = rejection(forward(openExchange({ fields: { "content-length": "3" } })));
    expect(await failure).toMatchObject({ code: "bad_request" });
    expect(sent).toEqual([]);
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
    const reader = bodyOf(await asked).getReader();
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
    const broken = rejection(
      bodyOf(await asked)
        .getReader()
        .read(),
    );
    await turn();
    clock.advance(1_000);
    expect(await failure).toMatchObject({ code: "request_timeout", status: 408 });
    await broken;
  });

  test("answers 413 for an upload that turns out too large on its way", async () => {
    const source = drip();
    const { forward } = forwarding(async (sent) => {
      for await (const _chunk of bodyOf(sent)) continue;
      return new Response("x");
    });
    const fields = { "transfer-encoding": "chunked" };
    const exchange = openExchange({ method: "POST", fields, body: source.stream });
    const failure = rejection(forward(exchange));
    source.chunk(100_001);
    expect(await failure).toMatchObject({ code: "body_too_large", status: 413 });
  });

  test.each([
    ["soon", 0, 50],
    ["later", 60, 0],
  ])(
    "is broken off when the client leaves %s before there is an answer",
    async (_when, leavesAfter, noticedAfter) => {
      const client = new AbortController();
      const { sent, clock, backends, forward } = forwarding(silence);
      const failure = rejection(forward(openExchange({ signal: client.signal })));
      await turn();
      clock.advance(leavesAfter);
      client.abort();
      clock.advance(noticedAfter);
      expect(await failure).toMatchObject({ code: "client_closed", status: 499 });
      expect(sent[0]?.signal.aborted).toBe(true);
      expect(backends[0]?.inFlight).toBe(0);
      expect(clock.pending).toBe(0);
    },
  );

  test("opens no WebSocket for a client that has left already", async () => {
    const backend = await startRawBackend(stage, (request) => request.end());
    const { forward } = forwarding(() => new Response("x"), { url: backend.url });
    const fields = {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    };
    const failure = rejection(forward(openExchange({ fields, signal: AbortSignal.abort() })));
    expect(await failure).toMatchObject({ code: "client_closed" });
    expect(backend.requests).toEqual([]);
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

describe("an exchange's own time limit", () => {
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
    await exchange.ended;
    expect(exchange).toMatchObject({ errorCode: "exchange_timeout", bytesOut: 5 });
    expect(clock.pending).toBe(0);
  });

  test("is watched no longer when the answer has ended in time", async () => {
    const whole = forwarding(() => new Response("hello", { headers: { "content-length": "5" } }), {
      timeouts,
    });
    await whole.forward(openExchange());
    expect(whole.clock.pending).toBe(0);
    const streamed = forwarding(() => new Response("hello"), { timeouts });
    const exchange = openExchange();
    await (await streamed.forward(exchange)).text();
    await exchange.ended;
    await turn();
    expect(streamed.clock.pending).toBe(0);
  });
});

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
    await forward(openExchange());
    expect(backends[0]?.inFlight).toBe(0);
    await forward(openExchange());
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
    await exchange.ended;
    await turn();
    expect(backends[0]?.inFlight).toBe(0);
  });

  test("end when the reader of an answer goes away", async () => {
    const { backends, forward } = forwarding(source);
    const exchange = openExchange();
    await (await forward(exchange)).body?.cancel();
    await exchange.ended;
    await turn();
    expect(backends[0]?.inFlight).toBe(0);
  });

  test.each([
    ["a backend that cannot be reached", () => Promise.reject(networkError("ECONNREFUSED"))],
    ["a status that makes no sense", () => Object.defineProperty(source(), "status", { value: 0 })],
    ["a short answer", () => new Response("x", { headers: { "content-length": "5" } })],
  ])("end with %s", async (_how, answer) => {
    const { backends, forward } = forwarding(answer);
    await rejection(forward(openExchange()));
    expect(backends[0]?.inFlight).toBe(0);
  });

  test("end with a client's content that is too large or does not come", async () => {
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
    expect(backends[0]?.inFlight).toBe(1);
    clock.advance(1_000);
    await late;
    expect(backends[0]?.inFlight).toBe(0);
  });

  test("end with a WebSocket's handshake that is refused, and are counted before it", async () => {
    const { backends, forward } = forwarding(source);
    const fields = { upgrade: "websocket", "sec-websocket-version": "8" };
    expect(await rejection(forward(openExchange({ fields })))).toMatchObject({
      code: "websocket_version",
    });
    expect(backends[0]?.inFlight).toBe(0);
  });
});

function bodyOf({ request }: Sent): ReadableStream<Uint8Array> {
  const { body } = request;
  if (!(body instanceof ReadableStream)) throw new Error("this was expected to be a stream");
  return body;
}

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
    expect(await rejection(forward(openExchange()))).toMatchObject({
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
    await exchange.ended;
    expect(exchange.status).toBe(499);
  });
});
