import { describe, expect, test } from "bun:test";
import { assert, constantFrom, property, string } from "fast-check";
import { Redaction, SECRET_PARAMETERS, USUAL_REDACTION } from "../../../src/pipeline/redaction.ts";
import { fieldsFrom } from "../../support/client-request.ts";

describe("a query", () => {
  test.each([
    ["", ""],
    ["?", "?"],
    ["?page=2&sort=name", "?page=2&sort=name"],
    ["?token=abc", "?token=[redacted]"],
    ["?a=1&access_token=abc&b=2", "?a=1&access_token=[redacted]&b=2"],
    ["?TOKEN=abc&Api_Key=d", "?TOKEN=[redacted]&Api_Key=[redacted]"],
    ["?api-key=a&apiKey=b&APIKEY=c", "?api-key=[redacted]&apiKey=[redacted]&APIKEY=[redacted]"],
    ["?x-amz-signature=a", "?x-amz-signature=[redacted]"],
    ["?%74oken=abc", "?%74oken=[redacted]"],
    ["?access%5Ftoken=abc", "?access%5Ftoken=[redacted]"],
    ["?%ZZ%74oken=abc", "?%ZZ%74oken=abc"],
    ["?%FF[token]=abc", "?%FF[token]=[redacted]"],
    [
      "?user[password]=abc&user%5Bsecret%5D=d",
      "?user[password]=[redacted]&user%5Bsecret%5D=[redacted]",
    ],
    ["?user.password=abc&token[]=d", "?user.password=[redacted]&token[]=[redacted]"],
    ["?+token=abc", "?+token=[redacted]"],
    ["?a=1;token=abc;b=2&c=3", "?a=1;token=[redacted]&c=3"],
    ["?token=ab;cd?ef=g&c=3", "?token=[redacted]&c=3"],
    ["?next=/login?code=abc&c=3", "?next=/login?code=[redacted]&c=3"],
    ["?next=%2Flogin%3Fcode%3Dabc%26x%3D1&c=3", "?next=%2Flogin%3Fcode%3D[redacted]&c=3"],
    [
      "?next=%252F%253Fa%253D1%2526code%253Dabc&c=3",
      "?next=%252F%253Fa%253D1%2526code%253D[redacted]&c=3",
    ],
    ["?next=/in#access_token=abc", "?next=/in#access_token=[redacted]"],
    ["?token=a=b==&c=3", "?token=[redacted]&c=3"],
    ["?token=&token&c=3", "?token=&token&c=3"],
    ["?keyword=a&postcode=b&tokens=c&design=d", "?keyword=a&postcode=b&tokens=c&design=d"],
    ["?&&=a&token=abc", "?&&=a&token=[redacted]"],
    ["?url=http://joe:pass@host/a&b=1", "?url=http://[redacted]@host/a&b=1"],
    ["?url=http://joe:p@ss@host&b=1", "?url=http://[redacted]@host&b=1"],
    ["?url=http%3A%2F%2Fjoe%3Apass%40host%2Fa&b=1", "?url=http%3A%2F%2F[redacted]%40host%2Fa&b=1"],
    ["?url=//host/a&mail=joe@host", "?url=//host/a&mail=joe@host"],
    ["?mail=joe%40host", "?mail=joe%40host"],
  ])("%s is kept as %s", (query, kept) => {
    expect(USUAL_REDACTION.query(query)).toBe(kept);
  });

  test("has no secret left, whatever is around it", () => {
    const rest = string({ unit: "binary-ascii", maxLength: 30 }).filter(
      (text) => !/[=&;?#]/.test(text),
    );
    assert(
      property(constantFrom(...SECRET_PARAMETERS), rest, rest, (name, before, after) => {
        const query = `?${before}=1&${name}=SECRET${after}&${after}=2`;
        expect(USUAL_REDACTION.query(query)).not.toContain("SECRET");
      }),
    );
  });

  test("has no secret left if its name is percent-encoded in any places and any case", () => {
    const escapes = string({ minLength: 30, maxLength: 30, unit: constantFrom("0", "1", "2") });
    assert(
      property(constantFrom(...SECRET_PARAMETERS), escapes, (name, how) => {
        const written = Array.from(name, (character, at) => {
          const code = character.charCodeAt(0).toString(16);
          return { "0": character, "1": `%${code}`, "2": character.toUpperCase() }[how[at] ?? "0"];
        }).join("");
        expect(USUAL_REDACTION.query(`?a=1&${written}=hush`)).not.toContain("hush");
      }),
    );
  });

  test("keeps other parameters as they are", () => {
    assert(
      property(string({ unit: "binary-ascii", maxLength: 60 }), (text) => {
        const query = `?q=${text.replaceAll(/[&;?#%@]/g, "")}`;
        expect(USUAL_REDACTION.query(query)).toBe(query);
      }),
    );
  });

  test("is redacted by the names that are given, and by no others", () => {
    const redaction = new Redaction({ query: ["session.id", "pin", "a$b"], fields: [] });

    expect(redaction.query("?session.id=a&PIN=b&a$b=c&token=d&pins=e")).toBe(
      "?session.id=[redacted]&PIN=[redacted]&a$b=[redacted]&token=d&pins=e",
    );
    expect(new Redaction({ query: [], fields: [] }).query("?token=a&%74oken=b")).toBe(
      "?token=a&%74oken=b",
    );
  });

  test("takes linear time", () => {
    const started = performance.now();
    const pieces = [
      "%",
      "?",
      "&",
      ";",
      "=",
      "[",
      "?token",
      "&token=",
      "%25",
      "%3F",
      "%2F%2F",
      "//",
    ];
    for (const piece of [
      ...pieces,
      "@",
      "%40",
      "//a",
      "%2F%2Fa@",
      "%253F",
      "?%25",
      "&-_",
      "&a-p-i",
    ]) {
      const query = `?${piece.repeat(16_384 / piece.length)}`;
      USUAL_REDACTION.query(query);
      USUAL_REDACTION.message(query, fieldsFrom({ cookie: query }));
      USUAL_REDACTION.path(query);
    }
    // Milliseconds, where anything but linear time would be seconds.
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

test.each([
  ["/api/users/1", "/api/users/1"],
  ["/@joe/a=b", "/@joe/a=b"],
  ["/a;token=abc/b;page=2", "/a;token=[redacted]/b;page=2"],
  ["/a%3Ftoken%3Dabc/b", "/a%3Ftoken%3D[redacted]/b"],
  ["/fetch/http://joe:pass@host/a", "/fetch/http://[redacted]@host/a"],
  ["joe:pass@host:443", "[redacted]@host:443"],
  ["ftp://joe:pass@host/a", "[redacted]@host/a"],
])("the path %s is kept as %s", (path, kept) => {
  expect(USUAL_REDACTION.path(path)).toBe(kept);
});

test.each([
  ["", ""],
  ["the backend refused", "the backend refused"],
  [
    "cannot reach redis://:hush@host:6379: refused",
    "cannot reach redis://[redacted]@host:6379: refused",
  ],
  ['"http://auth/verify?key=hush" failed', '"http://auth/verify?key=[redacted]" failed'],
  ["the ticket abcdefgh1234 has expired", "the ticket [redacted] has expired"],
  ["the cookie session=hush-hush is wrong", "the cookie [redacted] is wrong"],
  ["the session hush-hush is over", "the session [redacted] is over"],
  ["Negotiate is not known", "Negotiate is not known"],
  ["curl/8.0.0.0 is too old", "curl/8.0.0.0 is too old"],
])("the message %p is kept as %p", (message, kept) => {
  const fields = fieldsFrom({
    authorization: "Negotiate abcdefgh1234",
    cookie: "theme=dark; session=hush-hush",
    "user-agent": "curl/8.0.0.0",
  });
  expect(USUAL_REDACTION.message(message, fields)).toBe(kept);
});

test("a very long message is cut, and no half of a secret comes to where it is kept", () => {
  expect(USUAL_REDACTION.message("a".repeat(20_000), [])).toBe("a".repeat(8_192));
  const token = "hush".repeat(2_000);
  const message = `${token} ${"a ".repeat(90)}${token}`;
  const fields = fieldsFrom({ authorization: `Bearer ${token}` });
  expect(USUAL_REDACTION.message(message, fields)).toBe(`[redacted] ${"a ".repeat(90).trimEnd()}`);
});

test("User-Agent is kept unless it is listed", () => {
  expect(USUAL_REDACTION.userAgent("curl/8.0")).toBe("curl/8.0");
  expect(USUAL_REDACTION.userAgent(null)).toBe("");
  const redaction = new Redaction({ query: [], fields: ["User-Agent"] });
  expect(redaction.userAgent("curl/8.0")).toBe("[redacted]");
  expect(redaction.userAgent(null)).toBe("");
});

test("a host that has no place for a user's name is kept without it", () => {
  expect(USUAL_REDACTION.host("gateway.test:8080")).toBe("gateway.test:8080");
  expect(USUAL_REDACTION.host("joe:pass@gateway.test")).toBe("[redacted]@gateway.test");
});

describe("a field that a row keeps", () => {
  const field = (name: string, value: string): string => USUAL_REDACTION.field({ name, value });

  test.each(
    "x-functions-key ocp-apim-subscription-key access_key key x-pwd x-auth x-csrf dpop signature x-hub-signature-256 x-otp".split(
      " ",
    ),
  )("is redacted by its name: %s", (name) => {
    expect(field(name, "abc")).toBe("[redacted]");
  });

  test.each([
    ["idempotency-key", "abc"],
    ["sec-websocket-key", "abc"],
    ["x-keyboard", "abc"],
    ["author", "abc"],
    ["www-authenticate", 'Bearer realm="a", error="invalid_token"'],
    ["user-agent", "Basic client/1.0 (+https://a.example)"],
    ["host", "a.example:8080"],
  ])("keeps its value: %s", (name, value) => {
    expect(field(name, value)).toBe(value);
  });

  test.each([
    ["host", "joe:pass@a", "[redacted]@a"],
    ["x-forwarded-host", "joe:pass@a", "[redacted]@a"],
    ["x-echo", "was Bearer abc.def, ok", "was Bearer [redacted], ok"],
    ["x-echo", "Basic am9lOnBhc3M=", "Basic [redacted]"],
    ["sec-websocket-protocol", "bearer, abc", "bearer, [redacted]"],
    ["x-user", "eyJhbGciOiJ.eyJzdWIiOiI.c2lnbmF0dXJl", "[redacted]"],
    ["referer", "https://a/?token=abc&b=1", "https://a/?token=[redacted]&b=1"],
  ])("is redacted by its value: %s: %s", (name, value, left) => {
    expect(field(name, value)).toBe(left);
  });

  test("that is cut in the middle of a secret does not end in half of it", () => {
    const value = `https://a/?token=${"x".repeat(8_100)}&b=1 https://joe:${"s3cret".repeat(20)}@b`;
    expect(field("referer", value)).toBe("https://a/?token=[redacted]&b=1");
  });
});

test("a user's password in a path goes, though slashes have been merged", () => {
  expect(USUAL_REDACTION.path("/a/http:/joe:pass@host/b")).toBe("/a/http:/[redacted]@host/b");
  expect(USUAL_REDACTION.path("/joe:pass@host/b")).toBe("/[redacted]@host/b");
  expect(USUAL_REDACTION.path("/@scope/name:1@2")).toBe("/@scope/name:1@2");
  expect(USUAL_REDACTION.message("no route matches /joe:pass@host/b", [])).toBe(
    "no route matches /[redacted]@host/b",
  );
});
