import { describe, expect, test } from "bun:test";
import { type ErrorCode, errorKinds, GatewayError } from "../../../src/pipeline/errors.ts";
import type { Exchange } from "../../../src/pipeline/exchange.ts";
import { problemMaker } from "../../../src/pipeline/problems.ts";
import { problemOf } from "../../support/ask.ts";
import { asResponse } from "./answers.ts";
import { openExchange } from "./opening.ts";

function maker() {
  const reports: { exchange: Exchange; error: unknown }[] = [];
  const exchange = openExchange();
  const toProblem = problemMaker((exchange, error) => reports.push({ exchange, error }));
  return {
    reports,
    exchange,
    problem: (error: unknown) => asResponse(toProblem(exchange, error), exchange),
  };
}

describe("a known error", () => {
  test("is reported to the client, and noted in the exchange", async () => {
    const { reports, exchange, problem } = maker();
    const response = problem(
      new GatewayError("method_not_allowed", "/a takes GET", { fields: { allow: "GET" } }),
    );
    expect(response.headers.get("allow")).toBe("GET");
    expect(response.headers.get("cache-control")).toBe("no-store");
    const length = (await response.clone().bytes()).length;
    expect(await problemOf(response)).toEqual({
      type: "about:blank",
      title: "Method not allowed",
      status: 405,
      detail: "/a takes GET",
      code: "method_not_allowed",
      request_id: "request-1",
    });
    expect(exchange).toMatchObject({
      errorCode: "method_not_allowed",
      errorDetail: "/a takes GET",
      bytesOut: length,
    });
    expect(reports).toEqual([]);
  });

  test("counts bytes, not characters", async () => {
    const { exchange, problem } = maker();
    const bytes = await problem(new GatewayError("route_not_found", "no /ä€")).bytes();
    expect(exchange.bytesOut).toBe(bytes.length);
  });

  test.each(Object.keys(errorKinds) as ErrorCode[])("%s has its status and title", async (code) => {
    const response = maker().problem(new GatewayError(code, "detail"));
    const kind = errorKinds[code];
    expect(await problemOf(response)).toMatchObject({ status: kind.status, title: kind.title });
    // By the time that a WebSocket is idle there is no answer left to say it in.
    const isTold = kind.source !== "client" && !code.endsWith("_idle");
    expect(response.headers.has("proxy-status")).toBe(isTold);
    expect(response.headers.has("connection")).toBe("endsConnection" in kind);
  });

  test("may have another status than its kind, which is that of the row too", async () => {
    const { exchange, problem } = maker();
    const response = problem(new GatewayError("websocket_refused", "refused", { status: 403 }));
    expect(await problemOf(response)).toMatchObject({ status: 403, code: "websocket_refused" });
    expect(exchange.status).toBe(403);
  });

  test("keeps its cause", () => {
    const cause = new Error("deep");
    expect(new GatewayError("internal_error", "detail", { cause })).toMatchObject({
      name: "GatewayError",
      cause,
      fields: {},
    });
  });
});

describe("Proxy-Status", () => {
  const detailed = (detail: string) =>
    maker().problem(new GatewayError("backend_timeout", detail)).headers.get("proxy-status");

  test("names the error and quotes its details", () => {
    expect(detailed("no answer within 30 ms")).toBe(
      'gateway; error=http_response_timeout; details="no answer within 30 ms"',
    );
  });

  test("escapes what would end the quoted string", () => {
    expect(detailed(String.raw`say "no" to C:\x`)).toBe(
      String.raw`gateway; error=http_response_timeout; details="say \"no\" to C:\\x"`,
    );
  });

  test("replaces what no field may hold", () => {
    expect(detailed("a\r\nSet-Cookie: ä\u0000")).toBe(
      'gateway; error=http_response_timeout; details="a??Set-Cookie: ??"',
    );
  });
});

describe("an error that nobody foresaw", () => {
  test.each([
    ["an error", new TypeError("password is hunter2")],
    ["a text", "password is hunter2"],
    ["an object", { password: "hunter2" }],
    ["nothing", undefined],
    ["null", null],
  ])("is reported once and tells the client nothing: %s", async (_name, error) => {
    const { reports, exchange, problem } = maker();
    const response = problem(error);
    expect(reports).toEqual([{ exchange, error }]);
    expect(response.headers.get("proxy-status")).toBe(
      'gateway; error=proxy_internal_error; details="the gateway failed to handle this request"',
    );
    expect(await problemOf(response)).toEqual({
      type: "about:blank",
      title: "Internal error",
      status: 500,
      detail: "the gateway failed to handle this request",
      code: "internal_error",
      request_id: "request-1",
    });
    expect(exchange.errorCode).toBe("internal_error");
  });
});
