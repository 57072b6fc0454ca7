import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import {
  CredentialSources,
  secretNames,
  sourcesSchema,
} from "../../../../src/policies/auth/sources.ts";
import { openExchange, type Opening } from "../../pipeline/opening.ts";

const schema = sourcesSchema(["bearer"]);
const placesOf = (...written: string[]) => Value.Decode(schema, written);
const sourcesOf = (...written: string[]) => new CredentialSources(placesOf(...written));

/** What sources find in a request, and the fields and query that they leave for the backend. */
function found(written: string[], opening: Opening) {
  const exchange = openExchange(opening);
  const sources = sourcesOf(...written);
  const credential = sources.read(exchange);
  const { outgoing } = exchange;
  sources.remove(outgoing);
  const left = ["x-key", "x.key", "authorization", "cookie"].flatMap(
    (name) => outgoing.get(name) ?? [],
  );
  return { credential, left, query: outgoing.query };
}

function problemOf(written: string): string {
  try {
    placesOf(written);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

describe("a credential", () => {
  test.each<[string, Record<string, string>, string, string | undefined]>([
    ["header:X-API-Key", { "x-api-key": "abc" }, "", "abc"],
    ["header:x-api-key", { "x-api-key": "" }, "", undefined],
    ["header:x-api-key", {}, "", undefined],
    ["bearer", { authorization: "Bearer abc" }, "", "abc"],
    ["bearer", { authorization: "bEARER   abc " }, "", "abc"],
    ["bearer", { authorization: "Bearer" }, "", undefined],
    ["bearer", { authorization: "Bearer " }, "", undefined],
    ["bearer", { authorization: "Basic YTpi" }, "", undefined],
    ["bearer", { authorization: "Bearerabc" }, "", undefined],
    ["query:api_key", {}, "?a=1&api_key=a%62c", "abc"],
    ["query:api_key", {}, "?api%5Fkey=abc", "abc"],
    ["query:api_key", {}, "?api_key", undefined],
    ["query:api_key", {}, "?xapi_key=abc", undefined],
    ["cookie:session", { cookie: "a=1; session=abc" }, "", "abc"],
    ["cookie:session", { cookie: "xsession=abc" }, "", undefined],
  ])("from %s is found in %p %p", (place, fields, query, credential) => {
    const url = `http://gateway.test/things${query}`;
    expect(sourcesOf(place).read(openExchange({ url, fields }))).toBe(credential);
  });

  test("is the first one in the order that is configured", () => {
    const url = "http://gateway.test/things?key=query";
    const exchange = openExchange({ url, fields: { authorization: "Bearer bearer" } });
    expect(sourcesOf("header:x-key", "query:key", "bearer").read(exchange)).toBe("query");
    expect(sourcesOf("bearer", "query:key").read(exchange)).toBe("bearer");
  });
});

describe("what the backend gets", () => {
  test("has the credential in none of its places, in no spelling", () => {
    const places = ["header:x-key", "query:key", "bearer", "cookie:key"];
    const fields = [
      ["x-key", "a"],
      ["X.Key", "b"],
      ["authorization", "Bearer c"],
      ["cookie", "key=d; kept=1"],
      ["cookie", "other=2; key=e"],
    ] as const;
    const url = "http://gateway.test/things?key=f&x=1&k%65y=g";
    expect(found(places, { url, fields })).toEqual({
      credential: "a",
      left: ["kept=1; other=2"],
      query: "?x=1",
    });
  });

  test("keeps what is none: other schemes, parameters and cookies", () => {
    const fields = { authorization: "Basic YTpi", cookie: "keys=1" };
    const url = "http://gateway.test/things?keys=&&x=1";
    expect(found(["bearer", "query:key", "cookie:key"], { url, fields })).toEqual({
      credential: undefined,
      left: ["Basic YTpi", "keys=1"],
      query: "?keys=&&x=1",
    });
  });

  test("has no Cookie field if it would be empty", () => {
    expect(found(["cookie:key"], { fields: { cookie: "key=1" } }).left).toEqual([]);
  });
});

test("the names of places are known, so that their values are not logged", () => {
  expect(secretNames(placesOf("bearer", "header:X-Key", "query:key", "cookie:k"))).toEqual({
    headers: ["authorization", "X-Key"],
    query: ["key"],
    cookies: ["k"],
  });
});

describe("a place that cannot be meant", () => {
  test.each([
    ["x-api-key", "a field is written header:x-api-key"],
    ["header:", "is not a field name"],
    ["header:host", "cannot be changed"],
    ["header:connection", "cannot be changed"],
    ["query:", "a parameter needs a name"],
    ["query:a=b", "a parameter needs a name"],
    ["cookie:a b", "a cookie needs a name"],
    ["body:key", "expected bearer, header:NAME"],
  ])("is refused: %s", (written, message) => {
    expect(problemOf(written)).toContain(message);
  });
});
