import { describe, expect, test } from "bun:test";
import { prepareResponse } from "../../../src/proxy/response.ts";
import { type Opening, openExchange } from "../pipeline/opening.ts";
import { drip, fetchError, rejection } from "./network.ts";

function answered(response: Response, opening: Opening = {}) {
  const exchange = openExchange(opening);
  const aborts: string[] = [];
  const prepare = async () =>
    prepareResponse(exchange, { response, abort: () => void aborts.push("abort") });
  return { exchange, aborts, prepare };
}

/** A Response with a status that the constructor refuses, as fetch makes them. */
function withStatus(status: number): Response {
  return Object.defineProperty(new Response("x"), "status", { value: status });
}

describe("an answer's fields", () => {
  test("lose what was for one connection and gain Via and the request's id", async () => {
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
    const { aborts, prepare } = answered(withStatus(status));
    expect(await rejection(prepare())).toMatchObject({
      code: "backend_protocol_error",
      message: `the backend answered with status ${status}`,
    });
    expect(aborts).toEqual(["abort"]);
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
    expect(await prepare()).toBe(response);
    expect(response.headers.get("content-length")).toBe("1234");
    expect(exchange).toMatchObject({ bytesOut: 0, ended: undefined });
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
    ["ECONNRESET", "backend_answer_incomplete", "the backend broke off its answer"],
    ["InvalidChunk", "backend_protocol_error", "the backend's answer is not valid HTTP"],
  ])("that breaks with %s is refused as %s", async (code, meaning, message) => {
    const source = drip();
    const response = new Response(source.stream, { headers: { "content-length": "5" } });
    const failure = rejection(answered(response).prepare());
    source.break(fetchError(code));
    expect(await failure).toMatchObject({ code: meaning, message });
  });

  test("that breaks because the client left is the client's doing", async () => {
    const client = new AbortController();
    const source = drip();
    const response = new Response(source.stream, { headers: { "content-length": "5" } });
    const failure = rejection(answered(response, { signal: client.signal }).prepare());
    client.abort();
    source.break(new DOMException("aborted", "AbortError"));
    expect(await failure).toMatchObject({ code: "client_closed" });
  });
});

describe("an answer that is passed on", () => {
  async function passing(length?: number, opening: Opening = {}) {
    const source = drip();
    const headers = length === undefined ? {} : { "content-length": String(length) };
    const { exchange, aborts, prepare } = answered(
      new Response(source.stream, { status: 203, statusText: "Odd", headers }),
      opening,
    );
    const response = await prepare();
    expect(response.body).not.toBeNull();
    return { source, exchange, aborts, response, reader: response.body!.getReader() };
  }

  test("has its first bytes there before its last are sent", async () => {
    const { source, exchange, response, reader } = await passing();
    expect(response).toMatchObject({ status: 203, statusText: "Odd" });
    source.chunk(3);
    expect((await reader.read()).value?.length).toBe(3);
    expect(exchange.bytesOut).toBe(3);
    source.chunk(4);
    await reader.read();
    source.end();
    expect((await reader.read()).done).toBe(true);
    await exchange.ended;
    expect(exchange).toMatchObject({ bytesOut: 7, errorCode: undefined, status: 0 });
  });

  test("of a large known length ends well when all of it has come", async () => {
    const { source, exchange, reader } = await passing(70_000);
    source.chunk(70_000);
    await reader.read();
    source.end();
    expect((await reader.read()).done).toBe(true);
    await exchange.ended;
    expect(exchange.errorCode).toBeUndefined();
  });

  test("of a large known length breaks when less has come", async () => {
    const { source, exchange, aborts, reader } = await passing(70_000);
    source.chunk(69_999);
    await reader.read();
    source.end();
    expect(await rejection(reader.read())).toMatchObject({ code: "backend_answer_incomplete" });
    await exchange.ended;
    expect(exchange).toMatchObject({
      errorCode: "backend_answer_incomplete",
      errorDetail: "the backend promised 70000 bytes and sent 69999",
    });
    expect(aborts).toEqual(["abort"]);
  });

  test("breaks where the backend breaks it off, and the exchange says so", async () => {
    const { source, exchange, aborts, reader } = await passing();
    source.chunk(3);
    await reader.read();
    source.break(fetchError("ConnectionClosed"));
    await rejection(reader.read());
    await exchange.ended;
    expect(exchange).toMatchObject({
      errorCode: "backend_answer_incomplete",
      errorDetail: "the backend broke off its answer",
      bytesOut: 3,
    });
    expect(aborts).toEqual(["abort"]);
  });

  test("that ends because the client left is the client's doing", async () => {
    const client = new AbortController();
    const { source, exchange, reader } = await passing(undefined, { signal: client.signal });
    client.abort();
    source.break(new DOMException("aborted", "AbortError"));
    await rejection(reader.read());
    await exchange.ended;
    expect(exchange.errorCode).toBe("client_closed");
  });

  test("whose reader goes away lets go of the backend and counts as 499", async () => {
    const { source, exchange, aborts, reader } = await passing();
    source.chunk(3);
    await reader.read();
    await reader.cancel("gone");
    await exchange.ended;
    expect(exchange).toMatchObject({
      status: 499,
      errorCode: "client_closed",
      errorDetail: "the client left in the middle of the answer",
      bytesOut: 3,
    });
    expect(aborts).toEqual(["abort"]);
    expect(source.state.cancelled).toBe("gone");
  });
});
