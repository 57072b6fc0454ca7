import { describe, expect, test } from "bun:test";
import { type ErrorCode, GatewayError } from "../../../src/pipeline/errors.ts";
import { problemMaker } from "../../../src/pipeline/problems.ts";
import { openExchange } from "./opening.ts";

function problem(contentType: string, error: unknown) {
  const exchange = openExchange({ method: "POST", fields: { "content-type": contentType } });
  return { exchange, answer: problemMaker(() => {})(exchange, error) };
}

describe("a problem for a gRPC client", () => {
  test.each([
    ["unauthorized", 16],
    ["origin_not_allowed", 7],
    ["route_not_found", 12],
    ["body_too_large", 8],
    ["rate_limited", 8],
    ["client_closed", 1],
    ["internal_error", 13],
    ["backend_unreachable", 14],
    ["backend_connect_timeout", 14],
    ["no_healthy_backend", 14],
    ["backend_timeout", 4],
    ["exchange_timeout", 4],
  ] as [ErrorCode, number][])("%s has the status %d", (code, status) => {
    const { exchange, answer } = problem("application/grpc", new GatewayError(code, "detail"));
    expect(answer.fields.get("grpc-status")).toBe(`${status}`);
    expect(exchange.grpcStatus).toBe(status);
  });

  test("is a header section alone with HTTP status 200, and keeps its code in the row", () => {
    const error = new GatewayError("rate_limited", "100 % für heute", {
      fields: { "retry-after": "3" },
    });
    const { exchange, answer } = problem("application/grpc+proto", error);
    expect(answer).toMatchObject({ status: 200, body: null });
    expect(answer.fields.get("content-type")).toBe("application/grpc+proto");
    expect(answer.fields.get("grpc-message")).toBe("100 %25 f%C3%BCr heute");
    expect(answer.fields.get("retry-after")).toBe("3");
    expect(answer.fields.get("x-request-id")).toBe("request-1");
    expect(exchange).toMatchObject({ status: 200, errorCode: "rate_limited" });
  });

  test("tells nothing of a crash", () => {
    const { answer } = problem("application/grpc", new Error("secret"));
    expect(answer.fields.get("grpc-message")).toBe("the gateway failed to handle this request");
  });

  test("is none for other types of content", () => {
    const { exchange, answer } = problem("application/json", new GatewayError("overloaded", "x"));
    expect(answer.status).toBe(503);
    expect(answer.fields.has("grpc-status")).toBe(false);
    expect(exchange.grpcStatus).toBeUndefined();
  });
});
