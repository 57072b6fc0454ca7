import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { complaints, messages, readText, ROUTES, valueOf } from "./example.ts";

/** A good route with more keys. */
const route = (rest: string) => `${ROUTES}${rest}`;

// Each text with all that is printed for it.
const table: readonly (readonly [behaviour: string, text: string, printed: string])[] = [
  [
    "an unknown key is answered with the key that was probably meant",
    `routes:
  - path: /a
    backends:
      - { url: "http://localhost:9001", wieght: 2 }
`,
    `gateway.yaml:4:41: error: unknown key \`wieght\`, did you mean \`weight\`?
    4 |       - { url: "http://localhost:9001", wieght: 2 }
      |                                         ^^^^^^`,
  ],
  [
    "a key in the wrong mapping is answered with the right one",
    route("    timeout: 3s\n"),
    `gateway.yaml:4:5: error: unknown key \`timeout\`, it belongs under \`health_check\`
    4 |     timeout: 3s
      |     ^^^^^^^`,
  ],
  [
    "an unknown key like no other is answered with those that are valid",
    route("    rate_limit:\n      requests_per_second: 1\n      zone: 5\n"),
    `gateway.yaml:6:7: error: unknown key \`zone\`; valid keys: \`requests_per_second\`, \`burst\` and \`key\`
    6 |       zone: 5
      |       ^^^^`,
  ],
  [
    "a missing key is reported at its mapping, with the expected value",
    "routes:\n  - path: /a\n    backends:\n      - { weight: 2 }\n",
    `gateway.yaml:4:9: error: missing key \`url\`; expected a URL
    4 |       - { weight: 2 }
      |         ^^^^^^^^^^^^^`,
  ],
  [
    "several missing keys of a mapping are reported as one",
    "routes:\n  - rate_limit: 5\n",
    `gateway.yaml:2:5: error: missing keys \`path\` and \`backends\`
    2 |   - rate_limit: 5
      |     ^^^^^^^^^^`,
  ],
  [
    "a missing section is reported at the top",
    "# nothing yet\nlevel: info\n",
    `gateway.yaml:2:1: error: missing key \`routes\` at the top level; \`gateway help config routes\` explains it
    2 | level: info
      | ^^^^^`,
  ],
  [
    "text in place of a number is reported with the number's limits",
    `server:\n  port: eighty\n${ROUTES}`,
    `gateway.yaml:2:9: error: expected a whole number from 1 to 65535, got the text "eighty"
    2 |   port: eighty
      |         ^^^^^^`,
  ],
  [
    "a mapping in place of a list is reported by the names of both",
    "routes:\n  path: /a\n",
    `gateway.yaml:2:3: error: expected a list, got a mapping; each item of a list begins with \`- \`
    2 |   path: /a
      |   ^^^^`,
  ],
  [
    "a word that is not among the choices is answered with the nearest",
    `level: inof\n${ROUTES}`,
    `gateway.yaml:1:8: error: expected one of \`debug\`, \`info\`, \`warn\` or \`error\`, got the text "inof"; did you mean \`info\`?
    1 | level: inof
      |        ^^^^`,
  ],
  [
    "what fits no form of a value is reported once, in the schema's words",
    route("    rate_limit: fast\n"),
    `gateway.yaml:4:17: error: expected requests per second, like 50, or {requests_per_second, burst, key}, got the text "fast"
    4 |     rate_limit: fast
      |                 ^^^^`,
  ],
  [
    "errors inside of a mapping that might be a scalar are reported where they are",
    route("    rate_limit: { burst: 0, key: client_pi }\n"),
    `gateway.yaml:4:5: error: missing key \`requests_per_second\`; expected a rate above zero: a number per second, like 50, or text like 50/s or 600/m
    4 |     rate_limit: { burst: 0, key: client_pi }
      |     ^^^^^^^^^^
gateway.yaml:4:26: error: expected a whole number of at least 1, got 0
    4 |     rate_limit: { burst: 0, key: client_pi }
      |                          ^
gateway.yaml:4:34: error: expected one of \`all\` or \`client_ip\`, got the text "client_pi"; did you mean \`client_ip\`?
    4 |     rate_limit: { burst: 0, key: client_pi }
      |                                  ^^^^^^^^^`,
  ],
  [
    "all errors of a file are reported at once, in their order",
    "server: { port: 0, http2: yes }\nlevl: info\nroutes:\n  - path: a\n    backends: []\n",
    `gateway.yaml:1:17: error: expected a whole number from 1 to 65535, got 0
    1 | server: { port: 0, http2: yes }
      |                 ^
gateway.yaml:1:27: error: expected true or false, got the text "yes"; write \`true\`
    1 | server: { port: 0, http2: yes }
      |                           ^^^
gateway.yaml:2:1: error: unknown key \`levl\`, did you mean \`level\`?
    2 | levl: info
      | ^^^^
gateway.yaml:4:11: error: expected text that matches ^/, got the text "a"
    4 |   - path: a
      |           ^
gateway.yaml:5:15: error: expected a list of at least 1 item, got an empty list
    5 |     backends: []
      |               ^^`,
  ],
];

describe("what is printed", () => {
  test.each(table)("%s", (_behaviour, text, printed) => {
    expect(complaints(text)).toBe(printed);
  });
});

describe("a wrong value", () => {
  test.each([
    ["server: { host: 7 }", "17: error: expected text, got 7; put it in quotes"],
    ["server: { host: [] }", "17: error: expected text, got an empty list"],
    ["server: { host: '' }", "17: error: expected text, got empty text"],
    ["server: { port: 1.5 }", "17: error: expected a whole number from 1 to 65535, got 1.5"],
    [
      "server: { port: 0x1FFFF }",
      "17: error: expected a whole number from 1 to 65535, got 0x1FFFF",
    ],
    [
      "server: { port: {} }",
      "17: error: expected a whole number from 1 to 65535, got an empty mapping",
    ],
    ["server: { port: .inf }", "17: error: expected a whole number from 1 to 65535, got .inf"],
    [
      "server: { read_timeout: 30 }",
      "25: error: expected a duration, like 250ms, 30s or 5m, got 30; it needs a unit: write `30s` for seconds",
    ],
    [
      "server: { max_body_size: -1 }",
      "26: error: expected a size, like 64KiB or 10MB, or a number of bytes, got -1; a size cannot be negative",
    ],
    ["server: [1]", "9: error: expected a mapping, got a list"],
    ["server: true", "9: error: expected a mapping, got true"],
  ])("as in %s is reported in words", (line, told) => {
    expect(messages(`${line}\n${ROUTES}`)).toEqual([`1:${told}`]);
  });

  test("that is long is reported by its beginning", () => {
    expect(messages(`server: { port: ${"x".repeat(100)} }\n${ROUTES}`)).toEqual([
      `1:17: error: expected a whole number from 1 to 65535, got the text "${"x".repeat(39)}…"`,
    ]);
  });
});

describe("a schema without its own words", () => {
  test.each([
    [Type.Number(), "a number"],
    [Type.Number({ minimum: 1 }), "a number of at least 1"],
    [Type.Number({ maximum: 5 }), "a number of at most 5"],
    [Type.Number({ exclusiveMinimum: 0, maximum: 1 }), "a number above 0 and of at most 1"],
    [Type.Number({ exclusiveMaximum: 1 }), "a number below 1"],
    [Type.String({ minLength: 2 }), "text of at least 2 characters"],
    [Type.String({ maxLength: 1 }), "text of at most 1 character"],
    [Type.String({ minLength: 2, maxLength: 4 }), "text of 2 to 4 characters"],
    [Type.Union([Type.Number(), Type.Boolean()]), "a number or true or false"],
    [Type.Literal("on"), "`on`"],
    [Type.Null(), "another value"],
    [Type.Unsafe<string>(Type.String({ maxLength: 3 })), "text of at most 3 characters"],
  ])("is reported by its kind and limits, as %#: %j", (form, words) => {
    expect(messages("key: []\n", {}, Type.Object({ key: form }))).toEqual([
      `1:6: error: expected ${words}, got an empty list`,
    ]);
  });

  test.each([
    [{ minItems: 2 }, "at least 2 items"],
    [{ maxItems: 0 }, "at most 0 items"],
    [{ minItems: 2, maxItems: 3 }, "2 to 3 items"],
  ])("tells of a list that is too short or too long: %j", (limits, words) => {
    const whole = Type.Object({ key: Type.Array(Type.Number(), limits) });
    expect(messages("key: [1]\n", {}, whole)).toEqual([
      `1:6: error: expected a list of ${words}, got 1`,
    ]);
  });
});

describe("an empty value", () => {
  test("of a section is as good as the section left out", () => {
    const text = `server:\ncors:\n${ROUTES}`;
    expect(valueOf(text)).toEqual(valueOf(ROUTES));
  });

  test.each([
    ["routes:", "1:1: error: `routes` is empty; expected a list"],
    [
      `level:\n${ROUTES}`,
      "1:1: error: `level` is empty; expected one of `debug`, `info`, `warn` or `error`",
    ],
    ["routes:\n  -\n", "2:4: error: this is empty; expected a mapping"],
  ])("elsewhere is an error: %j", (text, told) => {
    expect(messages(text)).toEqual([told]);
  });

  test("of a section that is needed is an error", () => {
    const whole = Type.Object({ admin: Type.Object({ token: Type.String() }) });
    expect(messages("admin:\n", {}, whole)).toEqual([
      "1:1: error: `admin` is empty; expected a mapping, indented further than its key",
    ]);
  });
});

describe("an unknown key", () => {
  test.each(["__proto__", "constructor", "toString", "hasOwnProperty"])("may be %s", (name) => {
    const told = messages(`${name}: { port: 1 }\n${ROUTES}`);
    expect(told).toHaveLength(1);
    expect(told[0]).toStartWith(`1:1: error: unknown key \`${name}\`; valid keys: `);
  });

  test("that another key was meant by does not make that one missing", () => {
    expect(messages("routes:\n  - pth: /a\n    backends: [{ url: http://a }]\n")).toEqual([
      "2:5: error: unknown key `pth`, did you mean `path`?",
    ]);
  });

  test.each([
    ["port: 1", "it belongs under `server`"],
    ["server: { routes: 1 }", "it belongs at the top level"],
    ["server: { rate_limit: 1 }", "it belongs under `routes`"],
    ["server: { timeout: 1s }", "it belongs under `routes.health_check`"],
    ["cors: { maxAge: 1s }", "did you mean `max_age`?"],
    ["server: { prot: 1 }", "did you mean `port`?"],
  ])("as in %s is answered with its right place", (line, hint) => {
    const [told] = messages(`${line}\n${ROUTES}`);
    expect(told).toEndWith(hint);
  });

  test("in a schema of many keys names the command that lists them", () => {
    const names = "abcdefghijklmnopqrst"
      .split("")
      .map((name) => [`${name}_key`.repeat(3), Type.Number()]);
    const many = Type.Partial(Type.Object(Object.fromEntries(names)));
    const closed = { additionalProperties: false };
    expect(messages("zebra: 1", {}, Type.Object(many.properties, closed))).toEqual([
      "1:1: error: unknown key `zebra`; `gateway help config` lists the valid ones",
    ]);
    expect(messages("zebra: 1", {}, Type.Object({}, closed))).toEqual([
      "1:1: error: unknown key `zebra`",
    ]);
    const one = Type.Object({ lion: Type.Optional(Type.Number()) }, closed);
    expect(messages("zebra: 1", {}, one)).toEqual([
      "1:1: error: unknown key `zebra`; the only valid key is `lion`",
    ]);
  });
});

describe("mappings of several forms", () => {
  test("are judged by the one that fits best", () => {
    const closed = { additionalProperties: false };
    const whole = Type.Object({
      key: Type.Union([
        Type.Object({ a: Type.Number(), b: Type.Number() }, closed),
        Type.Object({ c: Type.Number() }, closed),
      ]),
    });
    expect(messages("key: { c: x }", {}, whole)).toEqual([
      '1:11: error: expected a number, got the text "x"',
    ]);
  });
});

describe("a list", () => {
  const whole = Type.Object({ key: Type.Array(Type.String(), { minItems: 1 }) });

  test.each([
    ["key: GET", ["GET"]],
    ["key: GET,POST", ["GET", "POST"]],
    ["key: GET POST", ["GET", "POST"]],
    ['key: " GET,  POST "', ["GET", "POST"]],
    ["key: ${LIST}", ["a", "b"]],
  ])("of names may be written as text: %s", (line, list) => {
    expect(valueOf(line, { LIST: "a, b" }, whole)).toEqual({ key: list });
  });

  test("that is text has the place of each of its items", () => {
    const items = Type.Array(Type.String({ pattern: "^[A-Z]+$", expected: "capitals" }));
    const named = Type.Object({ key: items });
    expect(messages("key: 'GET, post'", {}, named)).toEqual([
      '1:12: error: expected capitals, got the text "post"',
    ]);
    expect(messages("key: ${LIST}", { LIST: "GET,secret" }, named)).toEqual([
      "1:6: error: expected capitals, got the value of `${LIST}`",
    ]);
  });

  test("of what is more than a name takes text for its only item", () => {
    const url = Type.Union([Type.String(), Type.Object({ url: Type.String() })]);
    expect(valueOf("key: http://a/,b", {}, Type.Object({ key: Type.Array(url) }))).toEqual({
      key: ["http://a/,b"],
    });
  });

  test.each(["key: ''", "key: true", "key: {}"])("cannot be %s", (line) => {
    expect(messages(line, {}, whole)[0]).toStartWith("1:6: error: expected a list, got ");
  });
});

describe("a section that can be enabled", () => {
  const section = Type.Object({
    enabled: Type.Boolean({ default: true }),
    size: Type.Number({ default: 1 }),
  });
  const whole = Type.Object({ key: Type.Optional(section) });

  test.each([
    ["key: true", { enabled: true, size: 1 }],
    ["key: false", { enabled: false, size: 1 }],
    ["key: ${OFF}", { enabled: false, size: 1 }],
    ["key: {}", { enabled: true, size: 1 }],
  ])("may be a switch: %s", (line, value) => {
    expect(valueOf(line, { OFF: "false" }, whole)).toEqual({ key: value });
  });

  test.each(["key: yes", "key: 'true'", "key: 1"])("is not switched by %s", (line) => {
    expect(messages(line, {}, whole)[0]).toStartWith("1:6: error: expected a mapping");
  });

  test("that is empty counts as left out, with a warning", () => {
    const { value, diagnostics } = readText("key:\n", {}, whole);
    expect(value).toEqual({});
    expect(diagnostics).toMatchObject([
      {
        severity: "warning",
        message: "`key` is empty and counts as left out; for its defaults, write `key: true`",
      },
    ]);
  });
});

describe("a mapping whose keys are names of the file's own", () => {
  const named = Type.Record(
    Type.String({ pattern: "^[a-z]+$" }),
    Type.Object(
      { size: Type.Number(), on: Type.Boolean({ default: true }) },
      { additionalProperties: false },
    ),
  );
  const whole = Type.Object({ key: Type.Optional(named) });

  test("is read under each of them", () => {
    expect(valueOf("key: { a: { size: 1 }, b: { size: 2, on: false } }", {}, whole)).toEqual({
      key: { a: { size: 1, on: true }, b: { size: 2, on: false } },
    });
  });

  test("reports what cannot be a name, and what is wrong under one", () => {
    expect(messages("key: { A1: { size: 1 }, b: { size: x, sise: 2 } }", {}, whole)).toEqual([
      "1:8: error: `A1` cannot be a name here",
      '1:36: error: expected a number, got the text "x"',
      "1:39: error: unknown key `sise`, did you mean `size`?",
    ]);
    expect(messages("key: 1", {}, whole)).toEqual(["1:6: error: expected a mapping, got 1"]);
  });
});
