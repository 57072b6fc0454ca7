import { describe, expect, test } from "bun:test";
import {
  grpcMessage,
  grpcStatusOf,
  grpcText,
  isGrpc,
  readGrpcStatus,
} from "../../../src/http/grpc.ts";

describe("a request is one of gRPC", () => {
  test.each([
    "application/grpc",
    "application/grpc+proto",
    "Application/GRPC; charset=utf-8",
    "application/grpc-web+proto",
  ])("by the type %s", (type) => {
    expect(isGrpc(type)).toBe(true);
  });

  test.each([null, "", "application/json", "application/grpcx", "text/application/grpc"])(
    "not by the type %p",
    (type) => {
      expect(isGrpc(type)).toBe(false);
    },
  );
});

test.each([
  [400, 13],
  [401, 16],
  [403, 7],
  [404, 12],
  [413, 8],
  [418, 2],
  [429, 8],
  [499, 1],
  [500, 13],
  [501, 12],
  [502, 14],
  [503, 14],
  [504, 4],
  [508, 13],
])("the status %d is gRPC's %d", (status, code) => {
  expect(grpcStatusOf(status)).toBe(code);
});

test.each([
  ["plain text: 1 < 2", "plain text: 1 < 2"],
  ["100 % of it", "100 %25 of it"],
  ["two\r\nlines", "two%0D%0Alines"],
  ["für 1 €", "f%C3%BCr 1 %E2%82%AC"],
])("the message %p is sent as %p, and read back", (text, message) => {
  expect(grpcMessage(text)).toBe(message);
  expect(grpcText(message)).toBe(text);
});

test("a message with an invalid escape keeps it", () => {
  expect(grpcText("100 %zz")).toBe("100 %zz");
});

test("a grpc-status is a whole number", () => {
  expect(readGrpcStatus("14")).toBe(14);
  for (const value of ["", "-1", "1.5", "ok", "9999", null, undefined]) {
    expect(readGrpcStatus(value)).toBeUndefined();
  }
});
