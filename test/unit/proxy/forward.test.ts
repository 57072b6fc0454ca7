import { describe, expect, test } from "bun:test";
import { forwardTo, type ForwardOptions } from "../../../src/proxy/forward.ts";
import { Backend } from "../../../src/upstream/backend.ts";
import { CheckedHealth } from "../../../src/upstream/health/health.ts";
import { Upstream } from "../../../src/upstream/upstream.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { startRawBackend } from "../../support/raw-backend.ts";
import { createStage } from "../../support/stage.ts";
import { openExchange } from "../pipeline/opening.ts";
import { drip, network, rejection, type Sent, silence } from "./network.ts";

const stage = createStage();

function forwarding(
  answer: (sent: Sent) => Response | Promise<Response>,
  changes: Partial<ForwardOptions> & { url?: string } = {},
) {
  const { url = "http://backend.test:9001", ...options } = changes;
  const health = new CheckedHealth({ unhealthy_after: 1, healthy_after: 1 });
  const clock = new FakeClock();
  const { fetch, sent } = network(answer);
  const forward = forwardTo(
    {
      upstream: new Upstream([new Backend({ url, weight: 1, health })]),
      headersTimeout: 5_000,
      readTimeout: 1_000,
      maxBodySize: 100_000,
      preserveHost: true,
      ...options,
    },
    fetch,
    clock,
  );
  return { clock, sent, health, forward };
}

describe("forwarding", () => {
  test("sends one request to the backend and answers with what it says", async () => {
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
      attempts: 1,
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
    expect(await rejection(forward(exchange))).toMatchObject({ code: "no_healthy_backend" });
    expect(sent).toEqual([]);
    expect(exchange).toMatchObject({ backend: "", attempts: 0 });
  });

  test("refuses a GET with content before anything is sent", async () => {
    const { sent, forward } = forwarding(() => new Response("x"));
    const failure = rejection(forward(openExchange({ fields: { "content-length": "3" } })));
    expect(await failure).toMatchObject({ code: "bad_request" });
    expect(sent).toEqual([]);
  });

  test("waits so long for an answer, and no longer", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const { clock, forward } = forwarding((sent) => {
      resolve();
      return silence(sent);
    });
    const exchange = openExchange();
    const failure = rejection(forward(exchange));
    await asked;
    clock.advance(5_000);
    expect(await failure).toMatchObject({ code: "backend_timeout" });
    expect(exchange).toMatchObject({ attempts: 1, headersAt: 0 });
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
    expect(sent[0]?.init.body).toEqual(new Uint8Array(6));
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
    expect(exchange.attempts).toBe(0);
    source.end();
  });

  // A client may upload for as long as it keeps sending: its own slowness is not the backend's.
  test.failing("does not blame the backend for a client that is still sending", async () => {
    const source = drip();
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    const { clock, forward } = forwarding((sent) => {
      resolve();
      return silence(sent);
    });
    const exchange = openExchange({
      method: "POST",
      fields: { "transfer-encoding": "chunked" },
      body: source.stream,
    });
    const failure = rejection(forward(exchange));
    await asked;
    clock.advance(5_000);
    source.end();
    expect(await failure).not.toMatchObject({ code: "backend_timeout" });
  });
});

describe("forwarding over a real connection", () => {
  test.each(["600 Odd", "999 Odd"])("answers 502 for a backend's %s", async (status) => {
    const backend = await startRawBackend(stage, (request) => {
      request.send(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`);
    });
    const { forward } = forwarding(({ url, init }) => globalThis.fetch(url, init), {
      url: backend.url,
    });
    expect(await rejection(forward(openExchange()))).toMatchObject({
      code: "backend_protocol_error",
    });
  });

  test("refuses an empty answer that had promised content", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\nConnection: close\r\n\r\n");
      request.end();
    });
    const { forward } = forwarding(({ url, init }) => globalThis.fetch(url, init), {
      url: backend.url,
    });
    expect(await rejection(forward(openExchange()))).toMatchObject({
      code: "backend_answer_incomplete",
    });
  });

  test("lets go of the backend's connection when the reader goes away", async () => {
    const backend = await startRawBackend(stage, (request) => {
      request.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
    });
    const { forward } = forwarding(({ url, init }) => globalThis.fetch(url, init), {
      url: backend.url,
    });
    const exchange = openExchange();
    const reader = (await forward(exchange)).body!.getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("hello");
    await reader.cancel();
    await backend.requests[0]?.closed;
    await exchange.ended;
    expect(exchange.status).toBe(499);
  });
});
