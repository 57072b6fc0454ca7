import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { type TextPlace, Template } from "../../../src/pipeline/placeholders.ts";
import {
  asText,
  inField,
  inHost,
  inJsonString,
  inMarkup,
  inPath,
  inQuery,
  keyTemplate,
} from "../../../src/pipeline/text-places.ts";
import { TEST_TIMEOUT_MS } from "../../support/patience.ts";
import { openExchange } from "./opening.ts";
import { parsedText } from "./parsed-text.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const PLACES = { asText, inField, inHost, inJsonString, inMarkup, inPath, inQuery };

/** A text in a place, for an exchange whose subject, field, parameter and wildcard are the same value. */
function filled(place: TextPlace, text: string, value: string): string {
  const utf8 = Buffer.from(value).toString("latin1");
  const exchange = openExchange({
    request: { fields: [{ name: "x-value", value: utf8, line: "" }] },
  });
  exchange.identity = { provider: "corp", subject: value, claims: {} };
  exchange.parameters = { part: value };
  return new Template(parsedText(text), place).text(exchange);
}

describe("a value", () => {
  test.each([
    ["inPath", "/v2/{auth.subject}/x", "a/b?c#d", "/v2/a%2Fb%3Fc%23d/x"],
    ["inPath", "/v2/{auth.subject}", "ü %41", "/v2/%C3%BC%20%2541"],
    ["inPath", "/v2/{header.x-value}", "ü/..\\", "/v2/%C3%BC%2F..%5C"],
    ["inPath", "/v2/{path.part}", "a%2Fb;v=1", "/v2/a%2Fb;v=1"],
    ["inPath", "/v2/{path.part}", "a/b", "/v2/a/b"],
    ["inPath", "/ü b/{path.part}", "1", "/%C3%BC%20b/1"],
    ["inQuery", "?id={path.part}", "a%2Fb&c=d+e", "?id=a%2Fb%26c%3Dd%2Be"],
    ["inQuery", "?id={auth.subject}", "a&b=c%41 ü", "?id=a%26b%3Dc%2541%20%C3%BC"],
    ["inQuery", "?ü b={header.x-value}", "#", "?%C3%BC%20b=%23"],
    ["inField", "ü {auth.subject}", "a\r\nb: c", "\u00C3\u00BC a%0D%0Ab: c"],
    ["inField", "{header.x-value}", "ü\u0000\t", "\u00C3\u00BC%00\t"],
    ["inField", "{path.part}", "a%2Fb", "a%2Fb"],
    ["inHost", "{auth.subject}.internal", "evil.com/:80@", "evil.com%2F%3A80%40.internal"],
    [
      "inJsonString",
      '{"a":"{auth.subject}"}',
      '","b":"\n\u2028',
      '{"a":"\\",\\"b\\":\\"\\n\u2028"}',
    ],
    ["inJsonString", '{"a":"{header.x-value}"}', "ü\\", '{"a":"ü\\\\"}'],
    [
      "inMarkup",
      '<p title="{auth.subject}">',
      `"><script a='b'>&`,
      '<p title="&#34;&#62;&#60;script a&#61;&#39;b&#39;&#62;&#38;">',
    ],
    ["asText", "ü {auth.subject} {header.x-value}", "<ü>", "ü <ü> <ü>"],
  ] as const)("%s of %p: %p makes %p", (place, text, value, expected) => {
    expect(filled(PLACES[place], text, value)).toBe(expected);
  });

  test("that is a whole query stays one, without what ends a line", () => {
    const exchange = openExchange({ request: { target: "/" } });
    exchange.target = { host: "a.test", path: "/", query: "?a=1&b=%20\u00FC" };
    const text = parsedText("?x=1&{request.query}");
    expect(new Template(text, inQuery).text(exchange)).toBe("?x=1&a=1&b=%20%FC");
  });

  const anyText = fc.oneof(
    fc.string({ unit: "binary", maxLength: 30 }),
    fc.stringMatching(/^[./\\%2eEfF5cC;?#&=+\r\n\0"':@ü-]{0,30}$/),
  );

  test("never adds a segment, a parameter, a line or a member", () => {
    fc.assert(
      fc.property(
        anyText,
        fc.constantFrom("{auth.subject}", "{header.x-value}"),
        (value, given) => {
          const path = filled(inPath, `/a/${given}/b`, value);
          expect(path).toMatch(/^\/a\/[A-Za-z0-9._~%-]*\/b$/);
          const query = filled(inQuery, `?a=${given}&b=1`, value);
          expect([...new URLSearchParams(query).keys()]).toEqual(["a", "b"]);
          expect(filled(inField, given, value)).toMatch(/^[\t\x20-\x7E\x80-\xFF]*$/);
          const json: unknown = JSON.parse(filled(inJsonString, `{"a":"${given}"}`, value));
          expect(json).toEqual({ a: value.toWellFormed() });
          expect(filled(inHost, `${given}.internal`, value)).toMatch(
            /^[A-Za-z0-9._~%-]*\.internal$/,
          );
          expect(filled(inMarkup, given, value)).not.toMatch(/[<>"']/);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test("can be read back from a segment and from a parameter", () => {
    fc.assert(
      fc.property(anyText, (value) => {
        const whole = value.toWellFormed();
        expect(decodeURIComponent(filled(inPath, "/{auth.subject}", value))).toBe(`/${whole}`);
        const query = filled(inQuery, "?a={auth.subject}", value);
        expect(new URLSearchParams(query).get("a")).toBe(whole);
      }),
    );
  });
});

describe("a key", () => {
  function key(text: string, fields: Record<string, string>): string {
    return keyTemplate(parsedText(text)).text(openExchange({ fields }));
  }

  test("of one placeholder is its value", () => {
    expect(key("{header.a}", { a: "x" })).toBe("x");
  });

  test("tells values apart wherever one ends and the next begins", () => {
    const text = "{header.a}:{header.b}";
    expect(key(text, { a: "x:y", b: "z" })).not.toBe(key(text, { a: "x", b: "y:z" }));
    const close = "{header.a}{header.b}";
    expect(key(close, { a: "xy", b: "z" })).not.toBe(key(close, { a: "x", b: "yz" }));
  });

  test("of a long value is short", () => {
    const long = "x".repeat(10_000);
    expect(key("{header.a}", { a: long }).length).toBeLessThan(100);
    expect(key("{header.a}", { a: long })).not.toBe(key("{header.a}", { a: `${long}y` }));
  });

  test("of a long value is no other value's", () => {
    const digest = key("{header.a}", { a: "x".repeat(10_000) });
    expect(key("{header.a}", { a: digest })).not.toBe(digest);
  });
});
