import { describe, expect, test } from "bun:test";
import { FieldList } from "../../../src/http/field-list.ts";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { answered, lateness } from "../../../src/proxy/failure.ts";
import { Attempt, type BackendRequest } from "../../../src/transport/attempt.ts";
import type { BackendAnswer } from "../../../src/transport/backend-answer.ts";

function answerOf(status: number, grpcStatus?: string): BackendAnswer {
  const fields = new FieldList();
  if (grpcStatus !== undefined) fields.append("grpc-status", grpcStatus);
  return { status, statusText: "", fields, channel: undefined, upgrade: null, content: undefined };
}

describe("an answer", () => {
  test.each([
    [200, undefined, 200],
    [503, undefined, 503],
    [503, "14", 503],
    [200, "0", 200],
    [200, "14", 503],
    [200, "4", 504],
    [200, "2", 500],
    [200, "13", 500],
    [200, "15", 500],
    [200, "12", 200],
    [200, "5", 200],
    [200, "nonsense", 200],
  ])("with status %p and gRPC status %p counts as %p", (status, grpcStatus, counted) => {
    expect(answered(answerOf(status, grpcStatus), 7)).toMatchObject({
      failure: undefined,
      status: counted,
      milliseconds: 7,
    });
  });

  test("that fails by its gRPC status says so", () => {
    expect(answered(answerOf(200, "14"), 7).detail).toBe("answered with gRPC status 14");
    expect(answered(answerOf(500), 7).detail).toBe("");
  });
});

describe("an exchange that took too long", () => {
  const expired = new GatewayError("exchange_timeout", "too long");
  const attemptFrom = (startedAt: number, bodySent?: Promise<void>) =>
    Object.assign(new Attempt({ bodySent } as BackendRequest, startedAt), { endedAt: 1_000 });

  test("is the fault of a backend that had half of its time", () => {
    expect(lateness(expired, attemptFrom(500), 1_000)).toEqual({
      kind: "timeout",
      reached: "maybe",
    });
    expect(lateness(expired, attemptFrom(501), 1_000)).toBeUndefined();
  });

  test("may be its client's fault while that still sends", () => {
    expect(lateness(expired, attemptFrom(0, Promise.resolve()), 1_000)).toBeUndefined();
  });

  test("is not what happened when the client left", () => {
    const left = new GatewayError("client_closed", "gone");
    expect(lateness(left, attemptFrom(0), 1_000)).toBeUndefined();
  });
});
