import { describe, expect, test } from "bun:test";
import {
  prepareRequestFields,
  refuseDiscardedContent,
  requestBody,
} from "../../../src/proxy/request.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { type Opening, openExchange } from "../pipeline/opening.ts";
import { drip, rejection } from "./network.ts";

/** The fields that a backend gets for a request with these. */
function prepared(fields: Record<string, string>, client: Opening["client"] = {}) {
  const exchange = openExchange({ fields, client });
  prepareRequestFields(exchange);
  return Object.fromEntries(exchange.request.headers.entries());
}

const added = {
  host: "gateway.test",
  "x-forwarded-for": "192.0.2.1",
  "x-forwarded-proto": "http",
  "x-forwarded-host": "gateway.test",
  "x-real-ip": "192.0.2.1",
  "x-request-id": "request-1",
  via: "1.1 gateway",
};

const claimed = {
  forwarded: "for=203.0.113.9",
  "x-forwarded-for": "203.0.113.9",
  "x-forwarded-host": "shop.test",
  "x-forwarded-port": "8443",
  "x-forwarded-proto": "https",
  "x-real-ip": "203.0.113.9",
};

describe("the fields for the backend", () => {
  test("say who asked, for what, and through whom", () => {
    expect(prepared({ "x-mine": "1" })).toEqual({ ...added, "x-mine": "1" });
  });

  test("hold nothing that was for this connection only, nor Expect", () => {
    expect(
      prepared({
        connection: "keep-alive, x-mine",
        "x-mine": "1",
        "keep-alive": "timeout=5",
        te: "trailers",
        "transfer-encoding": "chunked",
        upgrade: "websocket",
        expect: "100-continue",
      }),
    ).toEqual(added);
  });

  test("do not hold what a client claims about itself", () => {
    expect(prepared({ ...claimed, "x-request-id": "mine" })).toEqual(added);
  });

  test("hold what a trusted proxy says, with the proxy behind it", () => {
    const client = { peer: "10.0.0.1", address: "203.0.113.9", viaTrustedProxy: true };
    expect(prepared(claimed, client)).toEqual({
      ...added,
      ...claimed,
      "x-forwarded-for": "203.0.113.9, 10.0.0.1",
    });
  });

  test("name scheme and host for a trusted proxy that says nothing of them", () => {
    const client = { peer: "10.0.0.1", protocol: "https", viaTrustedProxy: true } as const;
    expect(prepared({}, client)).toMatchObject({
      "x-forwarded-proto": "https",
      "x-forwarded-host": "gateway.test",
    });
  });

  test("keep the proxies in Via, whoever they are", () => {
    expect(prepared({ via: "1.0 fred" })["via"]).toBe("1.0 fred, 1.1 gateway");
  });

  test("cannot lose what the gateway adds to a Connection field that names it", () => {
    const names = Object.keys(added).join(", ");
    expect(prepared({ connection: names, ...claimed })).toEqual(added);
    const client = { peer: "192.0.2.1", viaTrustedProxy: true };
    expect(prepared({ connection: names, ...claimed }, client)).toEqual({
      ...added,
      forwarded: claimed.forwarded,
      "x-forwarded-port": claimed["x-forwarded-port"],
    });
  });

  test("have no X-Forwarded-Host for an HTTP/1.0 request without Host", () => {
    const exchange = openExchange();
    exchange.request.headers.delete("host");
    prepareRequestFields(exchange);
    expect(exchange.request.headers.has("x-forwarded-host")).toBe(false);
  });
});

describe("content of a GET or HEAD request", () => {
  test.each([{ "content-length": "3" }, { "transfer-encoding": "chunked" }] as Record<
    string,
    string
  >[])("is refused: %p", async (fields) => {
    for (const method of ["GET", "HEAD"]) {
      expect(() => refuseDiscardedContent(openExchange({ method, fields }))).toThrow(
        `a ${method} request with content is not forwarded; send it as POST, or as QUERY`,
      );
    }
  });

  test("that is empty is no content, and its length is not passed on", () => {
    const exchange = openExchange({ fields: { "content-length": "0" } });
    refuseDiscardedContent(exchange);
    expect(exchange.request.headers.has("content-length")).toBe(false);
  });

  test("is no matter where there is none, nor for other methods", () => {
    refuseDiscardedContent(openExchange());
    refuseDiscardedContent(openExchange({ method: "QUERY", fields: { "content-length": "3" } }));
  });
});

describe("a request's content", () => {
  const limits = { maxBodySize: 100_000, readTimeout: 1_000 };
  const open = (fields: Record<string, string>, body?: Opening["body"], method = "POST") =>
    openExchange({ method, fields, ...(body === undefined ? {} : { body }) });
  const chunked = { "transfer-encoding": "chunked" };

  test("of GET and HEAD is none", () => {
    expect(requestBody(open({}, undefined, "GET"), limits, new FakeClock())).toBeNull();
    expect(requestBody(open({}, undefined, "HEAD"), limits, new FakeClock())).toBeNull();
  });

  test("is none without Content-Length and Transfer-Encoding", () => {
    expect(requestBody(open({}), limits, new FakeClock())).toBeNull();
    expect(requestBody(open(chunked), limits, new FakeClock())).toBeNull();
  });

  test("of no bytes is still content, so that its length is sent", () => {
    expect(requestBody(open({ "content-length": "0" }), limits, new FakeClock())).toEqual(
      new Uint8Array(0),
    );
  });

  test("that is small is read whole and counted", async () => {
    const clock = new FakeClock();
    const exchange = open({ "content-length": "5" }, "hello");
    const body = await requestBody(exchange, limits, clock);
    expect(body).toEqual(new TextEncoder().encode("hello"));
    expect(exchange.bytesIn).toBe(5);
    expect(clock.pending).toBe(0);
  });

  test("that is small and slow is answered 408 when time is up", async () => {
    const clock = new FakeClock();
    const source = drip();
    const exchange = open({ "content-length": "5" }, source.stream);
    const failure = rejection(requestBody(exchange, limits, clock));
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
    const failure = rejection(
      requestBody(open({ "content-length": "5" }, source.stream), limits, clock),
    );
    const cause = new Error("reset");
    source.break(cause);
    expect(await failure).toMatchObject({
      code: "client_closed",
      message: "the client left before its content had arrived",
      cause,
    });
    expect(clock.pending).toBe(0);
  });

  test("that is declared too large is refused before any of it is read", () => {
    const source = drip();
    const exchange = open({ "content-length": "100001" }, source.stream);
    expect(() => requestBody(exchange, limits, new FakeClock())).toThrow(
      "the request's content is over 100000 bytes",
    );
    expect(exchange.bytesIn).toBe(0);
  });

  test("that is large is passed on as it comes, and counted", async () => {
    const source = drip();
    const exchange = open({ "content-length": "100000" }, source.stream);
    const body = (await requestBody(exchange, limits, new FakeClock())) as ReadableStream;
    const reader = body.getReader();
    source.chunk(60_000);
    await reader.read();
    expect(exchange.bytesIn).toBe(60_000);
    source.chunk(40_000);
    await reader.read();
    source.end();
    expect((await reader.read()).done).toBe(true);
    expect(exchange.bytesIn).toBe(100_000);
  });

  test("of unknown length breaks as soon as it is too large", async () => {
    const source = drip();
    const exchange = open(chunked, source.stream);
    const body = (await requestBody(exchange, limits, new FakeClock())) as ReadableStream;
    const reader = body.getReader();
    source.chunk(100_000);
    await reader.read();
    source.chunk(1);
    expect(await rejection(reader.read())).toMatchObject({ code: "body_too_large" });
  });
});
