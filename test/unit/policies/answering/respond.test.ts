import { describe, expect, test } from "bun:test";
import { FixedAnswer } from "../../../../src/policies/answering/respond.ts";
import { errorsIn, loaded } from "../../config/loading.ts";
import { type Opening, openExchange } from "../../pipeline/opening.ts";

const route = (line: string) => `routes:\n  - path: /a/:id\n    ${line}\n`;

/** The answer of a route with such a line: status, content, and fields as "name: value". */
function answered(line: string, opening: Opening = {}) {
  const respond = loaded(route(line)).routes[0]?.respond;
  if (respond === undefined) throw new Error("there is no fixed answer");
  const exchange = openExchange(opening);
  exchange.parameters = { id: "7" };
  const { status, body, fields } = new FixedAnswer(respond).handle(exchange);
  return { status, body, fields: fields.list.map(({ name, value }) => `${name}: ${value}`) };
}

const OWN = ["cache-control: no-store", "x-request-id: request-1"];
const PLAIN = "content-type: text/plain;charset=utf-8";

describe("a fixed answer", () => {
  test.each([
    ["respond: 404", 404, null, OWN],
    ["respond: hello", 200, "hello", [PLAIN, ...OWN]],
    ["respond: ''", 200, "", [PLAIN, ...OWN]],
    ["respond: { body: '{request.method} {path.id} {{x}}' }", 200, "GET 7 {x}", [PLAIN, ...OWN]],
    [
      "respond: { status: 503, body: back soon, headers: { retry-after: 120 } }",
      503,
      "back soon",
      [PLAIN, "cache-control: no-store", "retry-after: 120", "x-request-id: request-1"],
    ],
    [
      'respond: { body: \'{"id": "{path.id}"}\' }',
      200,
      '{"id": "7"}',
      ["content-type: application/json", ...OWN],
    ],
    [
      "respond: { body: '[1, {\"a\": {}}]' }",
      200,
      '[1, {"a": {}}]',
      ["content-type: application/json", ...OWN],
    ],
    ["respond: { status: 204 }", 204, null, OWN],
    [
      "respond: { status: 304, headers: { ETag: '\"v1\"' } }",
      304,
      null,
      ["cache-control: no-store", 'etag: "v1"', "x-request-id: request-1"],
    ],
    [
      "respond: { headers: { Cache-Control: max-age=60, X-Request-ID: mine, X-Id: ' {path.id} ' } }",
      200,
      null,
      ["cache-control: max-age=60", "x-request-id: mine", "x-id: 7"],
    ],
    [
      "respond: { headers: { Set-Cookie: [a=1, 'b={path.id}'] } }",
      200,
      null,
      ["cache-control: no-store", "set-cookie: a=1", "set-cookie: b=7", "x-request-id: request-1"],
    ],
  ] as const)("%s is %i with %p and %j", (line, status, body, fields) => {
    expect(answered(line)).toEqual({ status, body, fields: [...fields] });
  });

  test("to HEAD says how long the content would be, in bytes", () => {
    expect(answered("respond: grün", { method: "HEAD" }).fields).toContain("content-length: 5");
    expect(answered("respond: 200", { method: "HEAD" }).fields.join()).not.toContain(
      "content-length",
    );
  });

  const fields = { "x-v": '"</p><script>\\' };
  test.each([
    ["text/plain", "<{header.x-v}>", '<"</p><script>\\>'],
    ["application/json", '{"a": "{header.x-v}"}', '{"a": "\\"</p><script>\\\\"}'],
    [
      "application/problem+json; charset=utf-8",
      '{"a": "{header.x-v}"}',
      '{"a": "\\"</p><script>\\\\"}',
    ],
    [
      "text/html; charset=utf-8",
      "<p>{header.x-v}</p>",
      "<p>&#34;&#60;/p&#62;&#60;script&#62;\\</p>",
    ],
    ["application/xhtml+xml", "<p>{header.x-v}</p>", "<p>&#34;&#60;/p&#62;&#60;script&#62;\\</p>"],
    ["image/svg+xml", "<p>{header.x-v}</p>", "<p>&#34;&#60;/p&#62;&#60;script&#62;\\</p>"],
    ["{header.x-type}", "<p>{header.x-v}</p>", "<p>&#34;&#60;/p&#62;&#60;script&#62;\\</p>"],
  ])("of the type %p has its values encoded for it", (type, body, expected) => {
    const line = `respond: { body: ${JSON.stringify(body)}, headers: { Content-Type: "${type}" } }`;
    expect(answered(line, { fields: { ...fields, "x-type": "text/html" } }).body).toBe(expected);
  });

  test("has no line in a field that was not written", () => {
    const url = "http://a.test/?v=a%0D%0ASet-Cookie:%20b";
    const { fields } = answered("respond: { headers: { X-V: '{query.v}' } }", { url });
    expect(fields).toContain("x-v: a%0D%0ASet-Cookie: b");
  });

  test("keeps the last byte of a value that ends in it as a blank of Unicode", () => {
    const line = "respond: { headers: { X-V: ' {query.v} ' } }";
    const { fields } = answered(line, { url: "http://localhost/?v=voil%C3%A0" });
    expect(fields).toContain("x-v: voil\xC3\xA0");
  });
});

describe("the configuration of a fixed answer", () => {
  test.each([
    [
      "respond: 101",
      "3:14: expected a status from 200 to 599, a text, or {status, body, headers}, got 101",
    ],
    ['respond: "404"', "3:14: a status is written without quotes: `404`"],
    ["respond: {status: 204, body: x}", "3:34: an answer with status 204 has no content"],
    ["respond: {status: 304, body: x}", "3:34: an answer with status 304 has no content"],
    [
      "respond: {headers: {Content-Length: 5}}",
      "3:41: the gateway itself sets `Content-Length`; leave it out",
    ],
    [
      "respond: {headers: {Transfer-Encoding: x}}",
      "3:44: the gateway itself sets `Transfer-Encoding`; leave it out",
    ],
    ["respond: {headers: {'x y': x}}", "3:32: `x y` is not a field name"],
    ["respond: {headers: {X-A: a, x-a: b}}", "3:38: that is `X-A` again"],
    [
      "respond: {body: '{reqest.id}'}",
      "3:21: `{reqest.id}` is not a placeholder; did you mean `{request.id}`?",
    ],
    [
      "respond: '{path.name}'",
      "3:14: the path of this route has no `:name` or `*name`; did you mean `{path.id}`?",
    ],
    [
      "respond: {body: '{\"a\": {path.id}}', headers: {content-type: application/json}}",
      "3:28: a placeholder in JSON stands in quotes: its value could be anything",
    ],
    ["respond: {stauts: 5}", "3:15: unknown key `stauts`, did you mean `status`?"],
  ])("%s is refused", (line, error) => {
    expect(errorsIn(route(line))).toEqual([error]);
  });
});
