import { readerFrom } from "../../support/client-request.ts";
import { describe, expect, test } from "bun:test";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { goesInChunks, requestHead } from "../../../src/transport/request-head.ts";
import { backendRequest, type RequestChanges } from "./support.ts";

const headOf = (changes: RequestChanges) => requestHead(backendRequest(changes));
const stream = () => new ReadableStream<Uint8Array>();

describe("a request's header section", () => {
  test("is the request line, the fields in their order, and an empty line", () => {
    expect(
      headOf({
        method: "PROPFIND",
        target: "/a?b=c",
        fields: ["host", "example.org", "x-b", "1", "accept", "*/*", "x-b", ""],
      }),
    ).toBe(
      "PROPFIND /a?b=c HTTP/1.1\r\nhost: example.org\r\nx-b: 1\r\naccept: */*\r\nx-b: \r\n\r\n",
    );
  });

  test.each([
    ["http://backend.test", "backend.test"],
    ["http://localhost:9001", "localhost:9001"],
    ["http://[::1]:9001", "[::1]:9001"],
  ])("for %p without a Host names %p", (origin, host) => {
    expect(headOf({ origin, fields: ["x-a", "1"] })).toBe(
      `GET / HTTP/1.1\r\nx-a: 1\r\nhost: ${host}\r\n\r\n`,
    );
  });

  test("names no other host where a field has Host as its value only", () => {
    expect(headOf({ fields: ["x-a", "host"] })).toContain("\r\nhost: backend.test\r\n");
  });

  test.each([
    ["a stream of unknown length", { body: readerFrom(stream()) }],
    [
      "a stream behind other fields",
      { body: readerFrom(stream()), fields: ["x-a", "content-length"] },
    ],
  ])("announces chunks for %s", (_name, changes) => {
    expect(headOf(changes)).toEndWith("\r\ntransfer-encoding: chunked\r\n\r\n");
    expect(goesInChunks(backendRequest(changes))).toBe(true);
  });

  test.each([
    ["a stream of known length", { body: readerFrom(stream()), fields: ["content-length", "3"] }],
    ["content in one piece", { body: new Uint8Array(3), fields: ["content-length", "3"] }],
    ["no content", { body: null }],
  ])("announces no chunks for %s", (_name, changes: RequestChanges) => {
    expect(headOf(changes)).not.toContain("transfer-encoding");
    expect(goesInChunks(backendRequest(changes))).toBe(false);
  });

  test("with characters of one byte beyond ASCII is bytes", () => {
    const head = headOf({ fields: ["host", "a", "x-a", "caf\u00E9 \u0080\u00FF"] });
    const text = "GET / HTTP/1.1\r\nhost: a\r\nx-a: caf\u00E9 \u0080\u00FF\r\n\r\n";
    expect(head).toEqual(Buffer.from(text, "latin1"));
  });

  test.each(["\u0100", "\u010D\u010A", "\u65E5\u672C", "\u{1F600}", "\uD800", "caf\u00E9\u0100"])(
    "with %p, which is no byte, is not sent",
    (character) => {
      const refusal = new GatewayError(
        "bad_request",
        "the request contains characters that HTTP cannot carry",
      );
      expect(() => headOf({ fields: ["x-a", character] })).toThrow(refusal);
      expect(() => headOf({ target: `/${character}` })).toThrow(refusal);
    },
  );
});
