import { describe, expect, test } from "bun:test";
import { conditionsOf } from "../../../src/routing/conditions/of-route.ts";
import { formatDiagnostics } from "../../../src/documents/text/diagnostics.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { loaded, printed, ROUTE, route, errorsIn } from "./loading.ts";

describe("a text that is no YAML mapping", () => {
  test.each([
    ["", "1:1: the file is empty; `gateway init -` prints one to start from"],
    ["# nothing\n", "1:1: the file sets nothing; `gateway init -` prints one to start from"],
    [
      "hello\n",
      "1:1: expected keys with values, like `port: 8080`, got text; a configuration is YAML: `gateway init -` prints one to start from",
    ],
    [
      "- a\n",
      "1:1: expected keys with values, like `port: 8080`, got a list; routes are listed below `routes:`",
    ],
    [
      `server: {}\n---\n${ROUTE}`,
      "2:1: a second document begins here; a configuration is one document",
    ],
    [`server: {}\nserver: {}\n${ROUTE}`, "2:1: duplicate key `server`, already set on line 1"],
    [route("backends: [http://b]"), "4:5: duplicate key `backends`, already set on line 3"],
    [`server:\n\tport: 1\n${ROUTE}`, "2:1: a tab in the indentation; use spaces"],
    ["routes: [\n", "1:10: the closing ] is missing, or indented too little"],
  ])("is reported by that alone: %j", (text, message) => {
    expect(errorsIn(text)).toEqual([message]);
  });
});

describe("what is printed", () => {
  test("is every error, of form and of meaning, in the order of the text", () => {
    const text = `server: { prot: 1 }
routes:
  - path: a
    methods: [get]
    backends: [localhost, { url: http://b, wieght: 1 }]
`;
    expect(printed(text))
      .toBe(`gateway.yaml:1:11: error: unknown key \`prot\`, did you mean \`port\`?
    1 | server: { prot: 1 }
      |           ^^^^
gateway.yaml:3:11: error: a path must begin with "/"; write "/a"
    3 |   - path: a
      |           ^
gateway.yaml:4:15: error: method names are case-sensitive; write \`GET\`
    4 |     methods: [get]
      |               ^^^
gateway.yaml:5:16: error: a backend's URL begins with http:// or https://; write \`http://localhost\`
    5 |     backends: [localhost, { url: http://b, wieght: 1 }]
      |                ^^^^^^^^^
gateway.yaml:5:44: error: unknown key \`wieght\`, did you mean \`weight\`?
    5 |     backends: [localhost, { url: http://b, wieght: 1 }]
      |                                            ^^^^^^`);
  });

  test("is the same for lines that end with CRLF, and after a byte order mark", () => {
    const text = `server:\n  prot: 1\n${ROUTE}`;
    expect(printed(text.replaceAll("\n", "\r\n"))).toBe(printed(text));
    expect(printed(`\uFEFF${text}`)).toBe(printed(text));
  });

  test("is a long line cut around the mark", () => {
    const proxies = Array.from({ length: 40 }, (_, index) => `10.0.0.${index + 10}`);
    const text = `server: { trusted_proxies: [${[...proxies, "bad", ...proxies].join(", ")}] }\n`;
    const [, line = "", mark = ""] = printed(text + ROUTE).split("\n");
    expect(line).toMatch(/^ {4}1 \| ….*10\.0\.0\.49, bad, 10\.0\.0\.10.*…$/);
    expect(line.slice(mark.indexOf("^"), mark.lastIndexOf("^") + 1)).toBe("bad");
  });

  test("has its mark below wide characters as well", () => {
    const [, , , heading, , mark] = printed(`server: { '日本': 1, prot: 2 }\n${ROUTE}`).split("\n");
    expect(heading).toStartWith("gateway.yaml:1:20: ");
    expect(mark).toBe(`      | ${" ".repeat(21)}^^^^`);
  });

  test("is coloured when asked, with the same words", () => {
    const { diagnostics } = loadConfig("gateway.yaml", `prot: 1\n${ROUTE}`, {});
    const coloured = formatDiagnostics(diagnostics, { color: true });
    expect(coloured).toContain("\u001B[1;31merror:\u001B[0m");
    expect(Bun.stripANSI(coloured)).toBe(printed(`prot: 1\n${ROUTE}`));
  });
});

describe("anchors, aliases and merge keys", () => {
  test("may be used anywhere below the known keys", () => {
    const { routes } = loaded(`routes:
  - &first { path: /a, backends: &all [http://a, http://b], methods: [GET] }
  - { <<: *first, path: /b }
  - { path: /c, backends: *all }
`);
    expect(routes.map((route) => [route.path, conditionsOf(route).methods])).toEqual([
      ["/a", ["GET"]],
      ["/b", ["GET"]],
      ["/c", undefined],
    ]);
    expect(routes[2]?.backends).toEqual(routes[0]?.backends ?? []);
  });

  test("may stand under a key of their own that begins with x-", () => {
    const { routes } = loaded(`x-pool: &pool [http://a, http://b]
x-anything: { at: { all: [] } }
routes:
  - { path: /a, backends: *pool }
`);
    expect(routes[0]?.backends).toHaveLength(2);
    expect(errorsIn(`server: { x-note: 1 }\n${ROUTE}`)).toEqual([
      "1:11: unknown key `x-note`; `gateway help config server` lists the valid ones",
    ]);
  });

  test("have their errors reported once, where it is written", () => {
    const form = "{ path: /a, backends: [http://a], rate_limit: fast }";
    expect(errorsIn(`routes:\n  - &r ${form}\n  - { <<: *r, path: /b }\n`)).toEqual([
      '2:54: expected requests per second, like 50 or 600/m, or { rate, burst, key }, or a list of these, got the text "fast"',
    ]);
    const meaning = "[{ url: ftp://a }]\n  - path: /b\n    backends: *b";
    expect(errorsIn(`routes:\n  - path: /a\n    backends: &b ${meaning}\n`)).toEqual([
      "3:26: a backend's URL begins with http:// or https://, like http://localhost:9001",
    ]);
  });

  test("that ask for billions of values are refused", () => {
    const bomb = Array.from({ length: 12 }, (_, level) => {
      const item = level === 0 ? "x" : `*a${level - 1}`;
      return `a${level}: &a${level} [${Array.from({ length: 10 }, () => item).join(", ")}]\n`;
    });
    expect(errorsIn(bomb.join("") + ROUTE)).toEqual([
      "5:45: aliases repeat too much: more than 100000 values up to here",
    ]);
  });
});
