import { describe, expect, test } from "bun:test";
import { contentLength, listWith } from "../../../src/http/fields.ts";
import { removeHopByHopFields } from "../../support/hop-by-hop.ts";

function without(fields: Record<string, string>): Record<string, string> {
  const headers = new Headers(fields);
  removeHopByHopFields(headers);
  return Object.fromEntries(headers.entries());
}

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
    expect(without({ [name]: "x", accept: "*/*" })).toEqual({ accept: "*/*" });
  });

  test.each(["keep-alive", "close", ""])(
    "are none but itself where Connection says %p",
    (value) => {
      expect(without({ connection: value, "x-a": "1" })).toEqual({ "x-a": "1" });
    },
  );

  test("include those that Connection names, in whatever case and with odd spacing", () => {
    expect(
      without({
        connection: "close, X-Secret ,,x-other\t,  X-MIXED",
        "x-secret": "1",
        "x-other": "2",
        "X-Mixed": "3",
        "x-kept": "4",
      }),
    ).toEqual({ "x-kept": "4" });
  });

  test.each(["host", "Content-Length", "content-type", "CONTENT-ENCODING"])(
    "never include %s, though Connection names it",
    (name) => {
      expect(without({ connection: name, [name]: "1" })).toEqual({ [name.toLowerCase()]: "1" });
    },
  );

  test("are found although Connection names an invalid field name", () => {
    expect(without({ connection: 'a b, "x-a", x@, (x), x-a', "x-a": "1", "x-b": "2" })).toEqual({
      "x-b": "2",
    });
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
