import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { fieldOf } from "../../../../src/http/field.ts";
import { Redaction, USUAL_SECRETS } from "../../../../src/pipeline/redaction.ts";
import {
  type ContentKind,
  ContentRedaction,
} from "../../../../src/policies/logging/redacting/content-redaction.ts";

const redaction = new ContentRedaction(new Redaction(USUAL_SECRETS), [
  fieldOf("Authorization", "Bearer sent-with-the-request"),
]);
const redacted = (text: string, kind: ContentKind = "json"): string =>
  redaction.redacted(text, kind);

describe("JSON", () => {
  test.each([
    ['{"token":"s3cret","a":1}', '{"token":"[redacted]","a":1}'],
    ['{ "a" : [ { "Api-Key" : 12 } ] }', '{ "a" : [ { "Api-Key" : "[redacted]" } ] }'],
    [
      '{"user":{"password":{"old":"a","new":["b"]},"id":7}}',
      '{"user":{"password":"[redacted]","id":7}}',
    ],
    ['{"clientSecret":null,"b":true}', '{"clientSecret":"[redacted]","b":true}'],
    ['{"p\\u0061ssword":"x"}', '{"p\\u0061ssword":"[redacted]"}'],
    ['{"url":"https://a/?q=1&token=x&b=2"}', '{"url":"https://a/?q=1&token=[redacted]&b=2"}'],
    ['{"url":"https://a/?q=1\\u0026token=x"}', '{"url":"https://a/?q=1&token=[redacted]"}'],
    ['{"note":"password: hunter2, ok"}', '{"note":"password: [redacted], ok"}'],
    ['{"echo":"sent-with-the-request"}', '{"echo":"[redacted]"}'],
    ['["Authorization: Bearer abc"]', '["Authorization: Bearer [redacted]"]'],
    ["{password: 'x', token: \"y\"}", "{password: 'x', token: \"[redacted]\"}"],
  ])("%s", (text, expected) => {
    expect(redacted(text)).toBe(expected);
  });

  test("in a text in JSON is looked into", () => {
    const inner = JSON.stringify({ api_key: "s3cret", city: "Bern" });
    const text = JSON.stringify({ arguments: inner });
    expect(JSON.parse(JSON.parse(redacted(text)).arguments)).toEqual({
      api_key: "[redacted]",
      city: "Bern",
    });
  });

  test("that has been cut anywhere gives no secret away", () => {
    const text = JSON.stringify({
      a: [1, { token: "s3cret-1", b: "c" }],
      password: { deep: ["s3cret-2"] },
      url: "https://x/?key=s3cret-3&d=1",
      inner: JSON.stringify({ secret: "s3cret-4" }),
    });
    expect(text).toContain("s3cret-4");
    for (let end = 0; end <= text.length; end += 1) {
      expect(redacted(text.slice(0, end))).not.toContain("s3cret");
    }
  });

  test("without secrets keeps every character", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const left = redacted(text);
        if (!/token|key|pass|pwd|secret|sig|code|jwt|assert|[=:@]/i.test(text.replaceAll('":', "")))
          expect(left).toBe(text);
        JSON.parse(left);
      }),
    );
  });

  test("takes time in proportion to its length", () => {
    const from = performance.now();
    for (const part of ['{"token":', '"', "[", '{"a":"', "\\\\", '"a":', "a=", "<key>", '{\\"'])
      redacted(part.repeat(100_000 / part.length));
    expect(performance.now() - from).toBeLessThan(2_000);
  });
});

test("streams of events and lines of JSON are redacted line by line", () => {
  expect(redacted('event: a\ndata: {"token":"x","b":1}\n\ndata:{"key":2}\n', "events")).toBe(
    'event: a\ndata: {"token":"[redacted]","b":1}\n\ndata:{"key":"[redacted]"}\n',
  );
  expect(redacted('{"pwd":"x"}\n{"a":1}\n', "events")).toBe('{"pwd":"[redacted]"}\n{"a":1}\n');
});

test("forms are", () => {
  expect(redacted("user=a&password=b%20c&x=1&client_secret=d", "form")).toBe(
    "user=a&password=[redacted]&x=1&client_secret=[redacted]",
  );
  const payload = encodeURIComponent('{"token":"x","a":"b"}');
  expect(decodeURIComponent(redacted(`payload=${payload}&b=1`, "form"))).toBe(
    'payload={"token":"[redacted]","a":"b"}&b=1',
  );
  expect(redacted("a=%zz&b", "form")).toBe("a=%zz&b");
});

test("XML is", () => {
  expect(
    redacted('<a><s:Password type="x">p<b/></s:Password><key/><c token="t" d=\'1\'>e</c>', "xml"),
  ).toBe(
    '<a><s:Password type="x">[redacted]</s:Password><key/><c token="[redacted]" d=\'1\'>e</c>',
  );
  expect(redacted("<a><secret>s3c", "xml")).toBe("<a><secret>[redacted]");
});

test("other text is", () => {
  expect(redacted("token=abc\nAPI-Key: 'a b'\nnote = 1", "text")).toBe(
    "token=[redacted]\nAPI-Key: [redacted]\nnote = 1",
  );
  expect(redacted('{"token":"x"}', "text")).toBe('{"token":"[redacted]"}');
});
