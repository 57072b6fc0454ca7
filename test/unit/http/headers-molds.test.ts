import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { headersOf } from "../../../src/http/fields.ts";
import { HeadersMolds } from "../../../src/http/headers-molds.ts";

const sent = (headers: Headers) => [...new Response(null, { headers }).headers];

describe("Headers from a mold", () => {
  test("have the names and values of the list, and nothing of the one before", () => {
    const molds = new HeadersMolds();
    const first = ["content-type", "text/plain", "x-a", "1", "set-cookie", "a=b"];
    const second = ["content-type", "text/html", "x-a", "", "set-cookie", "c=d"];
    for (const list of [first, second, first]) {
      expect(sent(molds.headersOf(list))).toEqual(sent(headersOf(list)));
    }
  });

  test("leave a Response that was made with them as it is", () => {
    const molds = new HeadersMolds();
    const response = new Response(null, { headers: molds.headersOf(["x-a", "1"]) });
    molds.headersOf(["x-a", "2"]);
    expect(response.headers.get("x-a")).toBe("1");
  });

  test("do not follow the list that they were made of", () => {
    const molds = new HeadersMolds();
    const list = ["x-a", "1"];
    molds.headersOf(list);
    list[1] = "2";
    expect(molds.headersOf(["x-a", "2"]).get("x-a")).toBe("2");
  });

  test("keep fields of one name apart", () => {
    const molds = new HeadersMolds();
    for (const value of ["a", "b"]) {
      const list = ["set-cookie", value, "x-a", "1", "set-cookie", "c"];
      expect(molds.headersOf(list).getSetCookie()).toEqual([value, "c"]);
    }
  });

  test("are none where something is no name or value, and good for the next", () => {
    const molds = new HeadersMolds();
    const good = ["x-a", "1", "x-b", "2"];
    molds.headersOf(good);
    for (const bad of [
      ["x-a", "3", "x-b", "a\nb"],
      ["x a", "1"],
      ["x-a", "\u0100"],
    ]) {
      expect(() => molds.headersOf(bad)).toThrow(TypeError);
      expect(sent(molds.headersOf(good))).toEqual(sent(headersOf(good)));
    }
  });

  test("are what new ones would be, however many kinds of lists there are", () => {
    const name = fc.constantFrom("a", "b", "content-type", "set-cookie", "x-request-id", "etag");
    const list = fc.array(fc.tuple(name, fc.constantFrom("", "1", "2")), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(list, { maxLength: 30 }), (lists) => {
        const molds = new HeadersMolds();
        for (const fields of lists) {
          const flat = fields.flat();
          expect(sent(molds.headersOf(flat))).toEqual(sent(headersOf(flat)));
        }
      }),
      { numRuns: 300 },
    );
  });
});
