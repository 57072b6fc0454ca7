import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { headersOf } from "../../../src/http/fields.ts";
import { HeadersCache } from "../../../src/http/headers-cache.ts";

const sent = (headers: Headers) => [...new Response(null, { headers }).headers];

describe("Headers from the cache", () => {
  test("have the names and values of the list, and nothing of the one before", () => {
    const cache = new HeadersCache();
    const first = ["content-type", "text/plain", "x-a", "1", "set-cookie", "a=b"];
    const second = ["content-type", "text/html", "x-a", "", "set-cookie", "c=d"];
    for (const list of [first, second, first]) {
      expect(sent(cache.headersOf(list))).toEqual(sent(headersOf(list)));
    }
  });

  test("leave a Response that was made with them as it is", () => {
    const cache = new HeadersCache();
    const response = new Response(null, { headers: cache.headersOf(["x-a", "1"]) });
    cache.headersOf(["x-a", "2"]);
    expect(response.headers.get("x-a")).toBe("1");
  });

  test("do not follow the list that they were made of", () => {
    const cache = new HeadersCache();
    const list = ["x-a", "1"];
    cache.headersOf(list);
    list[1] = "2";
    expect(cache.headersOf(["x-a", "2"]).get("x-a")).toBe("2");
  });

  test("keep fields of one name apart", () => {
    const cache = new HeadersCache();
    for (const value of ["a", "b"]) {
      const list = ["set-cookie", value, "x-a", "1", "set-cookie", "c"];
      expect(cache.headersOf(list).getSetCookie()).toEqual([value, "c"]);
    }
  });

  test("are none where something is no name or value, and good for the next", () => {
    const cache = new HeadersCache();
    const good = ["x-a", "1", "x-b", "2"];
    cache.headersOf(good);
    for (const bad of [
      ["x-a", "3", "x-b", "a\nb"],
      ["x a", "1"],
      ["x-a", "\u0100"],
    ]) {
      expect(() => cache.headersOf(bad)).toThrow(TypeError);
      expect(sent(cache.headersOf(good))).toEqual(sent(headersOf(good)));
    }
  });

  test("are what new ones would be, however many kinds of lists there are", () => {
    const name = fc.constantFrom("a", "b", "content-type", "set-cookie", "x-request-id", "etag");
    const list = fc.array(fc.tuple(name, fc.constantFrom("", "1", "2")), { maxLength: 6 });
    fc.assert(
      fc.property(fc.array(list, { maxLength: 30 }), (lists) => {
        const cache = new HeadersCache();
        for (const fields of lists) {
          const flat = fields.flat();
          expect(sent(cache.headersOf(flat))).toEqual(sent(headersOf(flat)));
        }
      }),
      { numRuns: 300 },
    );
  });
});
