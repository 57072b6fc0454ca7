import { describe, expect, test } from "bun:test";
import { parsePlaceholders, Template } from "../../../src/pipeline/placeholders.ts";
import { TextProblem } from "../../../src/pipeline/section.ts";
import { asText } from "../../../src/pipeline/text-places.ts";
import { type Opening, openExchange } from "./opening.ts";
import { parsedText } from "./parsed-text.ts";

/** The text for an exchange. */
function filled(text: string, opening: Opening = {}, parameters: Record<string, string> = {}) {
  const exchange = openExchange(opening);
  exchange.parameters = parameters;
  exchange.route = "things";
  return new Template(parsedText(text), asText).text(exchange);
}

describe("a placeholder", () => {
  test.each([
    ["{request.id}", "request-1"],
    ["{request.method}", "GET"],
    ["{request.path}", "/a%20b"],
    ["{request.query}", "v=2&w=x+y"],
    ["{request.host}", "gateway.test:8080"],
    ["{request.hostname}", "gateway.test"],
    ["{request.port}", "8080"],
    ["{request.scheme}", "http"],
    ["{client.ip}", "192.0.2.1"],
    ["{route}", "things"],
    ["{path.id}", "7"],
    ["{query.v}", "2"],
    ["{query.w}", "x y"],
    ["{header.x-tenant}", "acme"],
    ["{header.X-Tenant}", "acme"],
    ["{cookie.session}", "s1"],
    ["{query.none}{header.none}{cookie.none}{path.none}", ""],
    ["{client.certificate.subject}{auth.subject}{auth.claims.role}{backend.url}{trace.id}", ""],
    ["<{path.id}|{request.method}>", "<7|GET>"],
  ])("%s becomes %p", (text, expected) => {
    const opening = {
      url: "http://gateway.test:8080/a%20b?v=2&w=x+y",
      fields: { "x-tenant": "acme", cookie: "a=b; session=s1" },
    };
    expect(filled(text, opening, { id: "7" })).toBe(expected);
  });

  test("has no value from the prototype of the parameters", () => {
    expect(filled("{path.constructor}{path.__proto__}")).toBe("");
  });

  test("of a query's name may have any characters", () => {
    expect(
      filled("{query.filter[größe]}", { url: "http://a.test/?filter[gr%C3%B6%C3%9Fe]=1" }),
    ).toBe("1");
  });

  test("of a host in brackets leaves its port out, and keeps the brackets", () => {
    expect(filled("{request.hostname}", { url: "http://[::1]:8080/" })).toBe("[::1]");
  });
});

describe("a field as a placeholder", () => {
  test("that only trusted proxies may send is absent for everyone else", () => {
    const fields = { "x-real-ip": "203.0.113.9", "x-client-cert": "c" };
    const text = "{header.x-real-ip}{header.x-client-cert}";
    expect(filled(text, { fields })).toBe("");
    expect(filled(text, { fields, client: { viaTrustedProxy: true } })).toBe("203.0.113.9c");
  });

  test("that is repeated has all of its values", () => {
    const fields = [
      ["x-a", "1"],
      ["x-a", "2"],
    ] as const;
    expect(filled("{header.x-a}", { fields })).toBe("1, 2");
  });
});

describe("the identity", () => {
  function withClaims(claims: Record<string, unknown>, text: string): string {
    const exchange = openExchange();
    exchange.identity = { provider: "corp", subject: "jürgen", claims };
    return new Template(parsedText(text), asText).text(exchange);
  }

  test("stands in for the placeholders of auth", () => {
    expect(withClaims({}, "{auth.provider}/{auth.subject}")).toBe("corp/jürgen");
  });

  test.each([
    [{ role: "admin" }, "role", "admin"],
    [{ level: 3 }, "level", "3"],
    [{ ok: true }, "ok", "true"],
    [{ roles: ["a", "b"] }, "roles", "a,b"],
    [{ roles: ["a,admin", "b"] }, "roles", "a%2Cadmin,b"],
    [{ roles: [["a", "admin"]] }, "roles", "a%2Cadmin"],
    [{ roles: [] }, "roles", ""],
    [{ name: "Lovelace, Ada" }, "name", "Lovelace, Ada"],
    [{ realm: { roles: ["a"] } }, "realm.roles", "a"],
    [{ "https://x.test/roles": "a" }, "https://x.test/roles", "a"],
    [{ "a.b": { "c.d": "x" }, a: { b: "y" } }, "a.b", '{"c.d":"x"}'],
    [{ none: null }, "none", ""],
    [{}, "constructor.name", ""],
    [{}, "__proto__.toString", ""],
  ])("with the claims %j has as %p the text %p", (claims, name, expected) => {
    expect(withClaims(claims, `{auth.claims.${name}}`)).toBe(expected);
  });
});

describe("a brace", () => {
  test.each([
    ["{{", "{"],
    ["a{{b", "a{b"],
    ["{{request.id}}", "{request.id}"],
    ["{{{request.id}}}", "{request-1}"],
    ['{"id":"{request.id}"}', '{"id":"request-1"}'],
    ['{"a":{"b":{"id":"{request.id}"}}}', '{"a":{"b":{"id":"request-1"}}}'],
    ['{{"id":"{request.id}"}}', '{"id":"request-1"}'],
    ['{{"id":1}', '{"id":1}'],
    ['{{"a":{{"id":"{request.id}"}}}}', '{"a":{"id":"request-1"}}'],
    ["{ }", "{ }"],
    ["{}", "{}"],
    ["{0}", "{0}"],
    ["a}b", "a}b"],
    ["a}}b", "a}b"],
    ["}", "}"],
    ["{", "{"],
    ["", ""],
  ])("in %p leaves %p", (text, expected) => {
    expect(filled(text)).toBe(expected);
  });
});

describe("an unknown placeholder", () => {
  test.each([
    ["{request.idd}", 0, "did you mean `{request.id}`?"],
    ["/v2/{path.}", 4, "needs a name after `path.`, like `{path.id}`"],
    ["a{header.x y}", 1, "needs a name after `header.`"],
    ["{host}", 0, "did you mean `{request.host}`?"],
    ["{http.request.host}", 0, "did you mean `{request.host}`?"],
    ["{ip}", 0, "did you mean `{client.ip}`?"],
    ["{headers.x-a}", 0, "did you mean `{header.x-a}`?"],
    ["{params.id}", 0, "did you mean `{path.id}`?"],
    ["{claims.role}", 0, "did you mean `{auth.claims.role}`?"],
    ["{request.header.x-a}", 0, "did you mean `{header.x-a}`?"],
    ["{REQUEST.ID}", 0, "did you mean `{request.id}`?"],
    ["{ request.id }", 0, "did you mean `{request.id}`?"],
    ["{$TOKEN}", 0, 'an environment variable is written "${TOKEN}"'],
    ["{env.TOKEN}", 0, 'an environment variable is written "${TOKEN}"'],
    ["p{color:red}", 1, "a brace of the text itself is written `{{`"],
    ["ok {request.id} {request.id", 16, "is not closed"],
    ["{a{b}}", 0, "is not closed"],
  ])("in %p at %i is refused: %s", (text, offset, message) => {
    const problem = parsePlaceholders(text);
    expect(problem).toBeInstanceOf(TextProblem);
    expect(problem).toMatchObject({ offset });
    expect((problem as TextProblem).message).toContain(message);
  });
});

describe("a text without placeholders", () => {
  test("is known before there is an exchange", () => {
    expect(new Template(parsedText("a {{b}}"), asText).constant).toBe("a {b}");
    expect(new Template(parsedText("{route}"), asText).constant).toBeUndefined();
  });
});

test("what is parsed is plain data that can be handed to another thread", () => {
  const text = parsedText("/a/{query.v}");
  expect(structuredClone(text)).toEqual(text);
});
