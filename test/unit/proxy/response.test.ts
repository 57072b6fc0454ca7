import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { drip, networkError, rejection } from "./network.ts";
import { answered, BUDGET, left, withStatus } from "./answered.ts";

describe("an answer's fields", () => {
  test("lose the fields of one connection and gain Via and the request's id", async () => {
    const response = new Response("hi", {
      headers: {
        connection: "x-internal",
        "x-internal": "1",
        "keep-alive": "timeout=5",
        "proxy-authenticate": "Basic",
        "transfer-encoding": "chunked",
        via: "1.1 inner",
        "x-request-id": "the backend's own",
        "x-kept": "1",
        "content-type": "text/plain",
      },
    });
    const { headers } = await answered(response).prepare();
    expect(Object.fromEntries(headers.entries())).toEqual({
      via: "1.1 inner, 1.1 gateway",
      "x-request-id": "request-1",
      "x-kept": "1",
      "content-type": "text/plain",
    });
  });

  test("keep every Set-Cookie apart", async () => {
    const headers = new Headers([
      ["set-cookie", "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT"],
      ["set-cookie", "b=2"],
      ["content-length", "2"],
    ]);
    const response = await answered(new Response("hi", { headers })).prepare();
    expect(response.headers.getSetCookie()).toEqual([
      "a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT",
      "b=2",
    ]);
  });
});

describe("an answer's status", () => {
  test.each([200, 206, 299, 404, 500, 599])("may be %i", async (status) => {
    const response = new Response("x", { status, statusText: "Odd" });
    expect(await answered(response).prepare()).toMatchObject({ status, statusText: "Odd" });
  });

  test.each([0, 101, 199, 600, 999])("may not be %i", async (status) => {
    const { cancellation, prepare } = answered(withStatus(status));
    expect(await rejection(prepare())).toMatchObject({
      code: "backend_protocol_error",
      message: `the backend answered with status ${status}`,
    });
    expect(cancellation.reason?.code).toBe("backend_protocol_error");
  });
});

describe("an answer without content", () => {
  test.each([
    [204, "GET"],
    [304, "GET"],
    [200, "HEAD"],
  ])("with status %i to %s is passed on as it is", async (status, method) => {
    const response = new Response(null, { status, headers: { "content-length": "1234" } });
    const { exchange, prepare } = answered(response, { method });
    const passedOn = await prepare();
    expect(passedOn).toMatchObject({ status, body: null });
    expect(passedOn.headers.get("content-length")).toBe("1234");
    expect(passedOn.headers.has("transfer-encoding")).toBe(false);
    expect(exchange).toMatchObject({ bytesOut: 0, ended: undefined });
  });

  test("to HEAD says of itself what the one to GET would: that its length is unknown", async () => {
    const { headers } = await answered(new Response(null), { method: "HEAD" }).prepare();
    expect(headers.get("transfer-encoding")).toBe("chunked");
    expect(headers.has("content-length")).toBe(false);
  });

  test.each([204, 304])("to HEAD with status %i has no length to speak of", async (status) => {
    const { prepare } = answered(new Response(null, { status }), { method: "HEAD" });
    const { headers } = await prepare();
    expect(headers.has("transfer-encoding")).toBe(false);
    expect(headers.has("content-length")).toBe(false);
  });
});

describe("a small answer of known length", () => {
  const small = (content: string, length: number, type?: string) =>
    new Response(new TextEncoder().encode(content), {
      status: 201,
      statusText: "Made",
      headers: {
        "content-length": String(length),
        ...(type === undefined ? {} : { "content-type": type }),
      },
    });

  test("is sent whole and counted", async () => {
    const { exchange, prepare } = answered(small("hello", 5, "text/plain"));
    const response = await prepare();
    expect(response).toMatchObject({ status: 201, statusText: "Made" });
    expect(response.headers.get("content-length")).toBe("5");
    expect(await response.text()).toBe("hello");
    expect(exchange).toMatchObject({ bytesOut: 5, ended: undefined });
  });

  test("without a type is not given one", async () => {
    const response = await answered(small("hello", 5)).prepare();
    expect(response.headers.has("content-type")).toBe(false);
    expect(response.headers.get("content-length")).toBe("5");
    expect(await response.text()).toBe("hello");
  });

  test("that is shorter than it says is refused", async () => {
    const { prepare } = answered(small("hel", 5, "text/plain"));
    expect(await rejection(prepare())).toMatchObject({
      code: "backend_answer_incomplete",
      message: "the backend promised 5 bytes and sent 3",
    });
  });

  test("that never comes, though promised, is refused", async () => {
    expect(await rejection(answered(small("", 5)).prepare())).toMatchObject({
      code: "backend_answer_incomplete",
      message: "the backend promised 5 bytes and sent 0",
    });
  });

  test.each([
    [networkError("ECONNRESET"), "backend_answer_incomplete", "the backend broke off its answer"],
    [new GatewayError("backend_protocol_error", "no chunk"), "backend_protocol_error", "no chunk"],
  ])("that breaks with %s is refused as %s", async (error, code, message) => {
    const source = drip();
    const response = new Response(source.stream, { headers: { "content-length": "5" } });
    const failure = rejection(answered(response).prepare());
    source.break(error);
    expect(await failure).toMatchObject({ code, message });
  });

  test("that breaks because the client left is the client's doing", async () => {
    const { source, cancellation, failure } = collecting("5");
    cancellation.cancel(left());
    source.break(new DOMException("aborted", "AbortError"));
    expect(await failure).toMatchObject({ code: "client_closed" });
  });

  /** An answer that has been begun and is not there yet. */
  function collecting(length: string, idle?: number) {
    const source = drip();
    const response = new Response(source.stream, { headers: { "content-length": length } });
    const made = answered(response, {}, idle);
    return { ...made, source, failure: rejection(made.prepare()) };
  }

  test("that does not come is broken off after the idle time", async () => {
    const { source, clock, cancellation, failure } = collecting("5");
    source.chunk(2);
    clock.advance(19_999);
    expect(cancellation.reason).toBeUndefined();
    clock.advance(1);
    expect(cancellation.reason).toMatchObject({
      code: "backend_stalled",
      status: 504,
      message: "the backend's answer was not complete within 20000 ms",
    });
    source.break(new DOMException("aborted", "AbortError"));
    expect(await failure).toBe(cancellation.reason);
    expect(clock.pending).toBe(0);
  });

  test("may take forever if no idle timeout is set", async () => {
    const { source, clock, failure } = collecting("5", 0);
    expect(clock.pending).toBe(0);
    source.break(networkError("ECONNRESET"));
    await failure;
  });

  test("holds its length of the budget until it is there", async () => {
    const source = drip();
    const { budget, clock, isGivenBack, prepare } = answered(
      new Response(source.stream, { headers: { "content-length": "40000" } }),
    );
    const collected = prepare();
    expect(budget.take(20_001)).toBe(false);
    source.chunk(40_000);
    source.end();
    expect((await collected).headers.get("content-length")).toBe("40000");
    expect(isGivenBack()).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test("gives its part of the budget back when it breaks, or is short", async () => {
    const broken = collecting("40000");
    broken.source.break(networkError("ECONNRESET"));
    await broken.failure;
    expect(broken.isGivenBack()).toBe(true);
    const short = answered(small("hel", 5));
    await rejection(short.prepare());
    expect(short.isGivenBack()).toBe(true);
  });

  test("is streamed if the budget is spent, and needs none of it", async () => {
    const source = drip();
    const { exchange, budget, prepare } = answered(
      new Response(source.stream, { headers: { "content-length": "5" } }),
    );
    expect(budget.take(BUDGET - 4)).toBe(true);
    const response = await prepare();
    expect(exchange.ended).toBeDefined();
    source.chunk(5);
    source.end();
    expect((await response.bytes()).length).toBe(5);
    expect(budget.take(4)).toBe(true);
  });

  test("is one of up to the buffer's size", async () => {
    const sized = (length: number) =>
      answered(
        new Response(new Uint8Array(length), { headers: { "content-length": String(length) } }),
      );
    const largest = sized(50_000);
    await largest.prepare();
    expect(largest.exchange).toMatchObject({ ended: undefined, bytesOut: 50_000 });
    const larger = sized(50_001);
    const response = await larger.prepare();
    expect(larger.exchange.ended).toBeDefined();
    await response.bytes();
    await larger.exchange.ended;
    expect(larger.exchange.bytesOut).toBe(50_001);
  });
});
