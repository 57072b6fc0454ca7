import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { drip, networkError, rejection, turn } from "./network.ts";
import { answered, withStatus } from "./answered.ts";

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
    expect(exchange.bytesOut).toBe(0);
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
    await turn();
    const response = await prepare();
    expect(response).toMatchObject({ status: 201, statusText: "Made" });
    expect(response.headers.get("content-length")).toBe("5");
    expect(await response.text()).toBe("hello");
    expect(exchange.bytesOut).toBe(5);
  });

  test("without a type is not given one", async () => {
    const response = await answered(small("hello", 5)).prepare();
    expect(response.headers.has("content-type")).toBe(false);
    expect(response.headers.get("content-length")).toBe("5");
    expect(await response.text()).toBe("hello");
  });

  test.each([
    [networkError("ECONNRESET"), "backend_answer_incomplete", "the backend broke off its answer"],
    [new GatewayError("backend_protocol_error", "no chunk"), "backend_protocol_error", "no chunk"],
  ])("that breaks with %s before it is sent is refused as %s", async (error, code, message) => {
    const source = drip();
    const response = new Response(source.stream, { headers: { "content-length": "5" } });
    const { prepare } = answered(response);
    source.break(error);
    await turn();
    expect(await rejection(prepare())).toMatchObject({ code, message });
  });
});
