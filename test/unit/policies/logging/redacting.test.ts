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
    ["{password: 'x', token: \"y\"}", "{password: '[redacted]', token: \"[redacted]\"}"],
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
    const parts = [
      '{"token":',
      '"',
      "[",
      '{"a":"',
      "\\\\",
      '"a":',
      "a=",
      "<key>",
      '{\\"',
      "key:\n ",
      "//:",
    ];
    for (const part of [
      ...parts,
      "key={",
      "key='",
      'key=\\"',
      "key:  \r",
      "key:|\n  \r",
      "</key>",
      "data:\n",
    ]) {
      const text = part.repeat(30_000 / part.length);
      for (const kind of ["json", "text", "xml", "form", "events"] as const)
        redaction.redacted(text, kind, true);
    }
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
    "token=[redacted]\nAPI-Key: '[redacted]'\nnote = 1",
  );
  expect(redacted('{"token":"x"}', "text")).toBe('{"token":"[redacted]"}');
});

describe("no secret is left, whole or cut anywhere, of", () => {
  const nested = (depth: number): string =>
    depth === 0 ? '{"password":"s3cret"}' : JSON.stringify({ m: nested(depth - 1) });
  test.each<[ContentKind, string]>([
    ["json", nested(7)],
    ["json", JSON.stringify({ m: 'failed with {"password":"s3cret"}' })],
    ["json", JSON.stringify({ m: "failed with {'password': 's3cret'}" })],
    ["json", JSON.stringify({ m: "https://u:s3cret@host/" })],
    ["json", JSON.stringify({ m: "Authorization: ApiKey s3cret" })],
    ["json", "{'password': 's3cret'}"],
    ["json", "{password: s3cret}"],
    ["json", "{password: 5, token: s3cret}"],
    ["json", "a=b&password=s3cret"],
    ["json", '{"a":"b"c","password":"s3cret"}'],
    ["json", '{"a:1,"password":"s3cret"}'],
    ["json", '{"a":"line\nbreak {\\"password\\":\\"s3cret\\"}"}'],
    ["json", '\x1e{\n"password":{\n"a":"s3cret"}}\n\x1e{"token":"s3cret"}'],
    ["events", 'data: {"password":\ndata: "s3cret"}\n\n'],
    ["events", 'data: {"password":{\nid: 1\ndata: "a":"s3cret"}}\n\n'],
    ["events", ': comment {"password":"s3cret"}\n'],
    ["form", "j=%7B%22password%22%3A%22s3cret%22%7D&b=1"],
    ["form", "j=%E9%7B%22password%22%3A%22s3cret%22%7D%zz"],
    ["form", "u=https%3A%2F%2Fu%3As3cret%40x%2F"],
    ["form", '{"password":"s3cret"}'],
    ["form", "\r\npassword=s3cret"],
    ["xml", "<a>{'password':\"s3cret\"}</a>"],
    ["xml", "<password><password>a</password>s3cret</password>"],
    ["xml", "<password a=x/>s3cret</password>"],
    ["xml", "<é:password>s3cret</é:password>"],
    ["text", 'error { "password" : "s3cret" }'],
    ["text", "password: |\n  s3cret\n  s3cret\n"],
    ["text", "password:\n  old: s3cret\n  new: s3cret\n"],
    ["text", "password='it''s s3cret'"],
    ["text", 'password="a\\"s3cret"'],
    ["text", "password=ab,s3cret"],
    ["text", "password=ab<s3cret"],
    ["text", "password=ab}s3cret"],
    ["text", '[null,{"password":["a","]","s3cret"]}]'],
    ["text", "curl https://u:s3cret@host/"],
  ])("%s: %s", (kind, text) => {
    for (let end = 0; end <= text.length; end += 1) {
      const left = redaction.redacted(text.slice(0, end), kind, end < text.length);
      expect(left).not.toContain("s3c");
    }
  });
});

test("what stands after a value stays", () => {
  expect(redacted("{password=a, user=b} (token: x) key=1; a", "text")).toBe(
    "{password=[redacted], user=b} (token: [redacted]) key=[redacted]; a",
  );
  expect(redacted("a:\n  password: |\n    x\n    y\nb: 1\n", "text")).toBe(
    "a:\n  password: |\n    [redacted]\nb: 1\n",
  );
  expect(redacted('data: {"token":\ndata: "x"}\nid: 1\n\ndata: b\n\n', "events")).toBe(
    'id: 1\ndata: {"token":\ndata: "[redacted]"}\n\ndata: b\n\n',
  );
});
