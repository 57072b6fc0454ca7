import { describe, expect, test } from "bun:test";
import { framingProblem } from "../../../src/http/framing.ts";

describe("a request's framing", () => {
  test.each([
    {},
    { "content-length": "3", "x-a": "plain" },
    { "transfer-encoding": "chunked" },
    { "Transfer-Encoding": "Chunked" },
    { "x-content_length": "3", contentlength: "3" },
  ] as Record<string, string>[])("is clear with %p", (fields) => {
    expect(framingProblem(new Headers(fields))).toBeUndefined();
  });

  test.each([",chunked", "gzip, chunked", "chunked, chunked", "identity", "xchunked", ""])(
    "is not clear with Transfer-Encoding: %p",
    (encoding) => {
      expect(framingProblem(new Headers({ "transfer-encoding": encoding }))).toBe(
        "the only Transfer-Encoding that is understood is chunked",
      );
    },
  );

  test.each(["content_length", "Transfer_Encoding"])("is not clear with a field %s", (name) => {
    expect(framingProblem(new Headers({ [name]: "3" }))).toBe(
      "a field's name resembles one that says where the content ends",
    );
  });

  test("is not clear with DEL in a field, which is named", () => {
    expect(framingProblem(new Headers({ "x-a": "a\u007Fb", "x-b": "c" }))).toBe(
      "the field x-a holds a control character",
    );
  });
});
