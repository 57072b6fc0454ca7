import { describe, expect, test } from "bun:test";
import {
  contentLength,
  listWith,
  namedByConnection,
  removedFields,
} from "../../../src/http/fields.ts";

describe("fields for one connection", () => {
  test.each([
    "connection",
    "keep-alive",
    "proxy-connection",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-authentication-info",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
  ])("include %s", (name) => {
    expect(removedFields.has(name)).toBe(true);
  });

  test.each([null, "keep-alive", "close", ""])("are no others where Connection is %p", (value) => {
    expect(namedByConnection(value)).toEqual([]);
  });

  test("include those that Connection names, in whatever case and with odd spacing", () => {
    expect(namedByConnection("close, X-Secret ,,x-other\t,  X-MIXED")).toEqual([
      "close",
      "x-secret",
      "x-other",
      "x-mixed",
    ]);
  });

  test.each(["host", "Content-Length", "content-type", "CONTENT-ENCODING", "Via"])(
    "never include %s, though Connection names it",
    (name) => {
      expect(namedByConnection(name)).toEqual([]);
    },
  );

  test("are found although Connection names what is no field name", () => {
    expect(namedByConnection('a b, "x-a", x@, (x), x-a')).toEqual(["x-a"]);
  });
});

describe("a list-based field", () => {
  test.each([
    [null, "b"],
    ["", "b"],
    ["a", "a, b"],
    ["a, c", "a, c, b"],
  ])("that was %p gets the new value behind it", (before, after) => {
    expect(listWith(before, "b")).toBe(after);
  });
});

describe("Content-Length", () => {
  test.each([
    ["0", 0],
    ["12", 12],
    ["007", 7],
    ["999999999999999", 999_999_999_999_999],
  ])("%p is so many bytes", (written, bytes) => {
    expect(contentLength(written)).toBe(bytes);
  });

  test.each(["", "-1", "+1", "1.5", "1e3", "0x10", "1, 1", "1000000000000000", "١"])(
    "%p is not a number of bytes",
    (written) => {
      expect(contentLength(written)).toBeUndefined();
    },
  );

  test("may be missing", () => {
    expect(contentLength(null)).toBeUndefined();
  });
});
