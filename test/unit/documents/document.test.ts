import { describe, expect, test } from "bun:test";
import { formatDiagnostics } from "../../../src/documents/text/diagnostics.ts";
import { ConfigDocument } from "../../../src/documents/text/document.ts";

const parse = (text: string) => ConfigDocument.parse("gateway.yaml", text);
const told = (text: string) =>
  parse(text).diagnostics.map(({ line, column, message }) => `${line}:${column}: ${message}`);

describe("a text that is not one YAML mapping", () => {
  test.each([
    ["", "1:1: the file is empty; `gateway init -` prints one to start from"],
    ["# nothing\n", "1:1: the file sets nothing; `gateway init -` prints one to start from"],
    ["---\n", "1:1: the file sets nothing; `gateway init -` prints one to start from"],
    [
      "- a\n",
      "1:1: expected keys with values, like `port: 8080`, got a list; routes are listed below `routes:`",
    ],
    ["\nport:8080\n", "2:1: a space is missing after the `:`"],
    ["a: 1\nport:80\nb: 2\n", "2:1: a space is missing after this key's `:`"],
    ["a:\n  - b:1\n    c: 2\n", "2:5: a space is missing after this key's `:`"],
    [
      "a:\n  - b:\u00A01\n    c: 2\n",
      "2:5: a no-break space follows this key's `:`; YAML needs an ordinary one",
    ],
    ["[a]\nb = 1\n", "2:1: a key and its value are written `key: value`, without `=`"],
    ['{ "a": "b" "c": "d" }', "1:12: a comma is missing before this"],
    [
      "a:\n  - b: 1\n   c: 2\n",
      "3:1: the indentation matches nothing above it; keys of one item must start in the same column",
    ],
    [
      "server {\n  listen 80;\n}\n",
      "1:1: expected keys with values, like `port: 8080`, got text; a configuration is YAML: `gateway init -` prints one to start from",
    ],
    ["a: 1\n---\nb: 2\n", "2:1: a second document begins here; a configuration is one document"],
    ["a: 1\nb: 2\na: 3\n", "3:1: duplicate key `a`, already set on line 1"],
    ["{ a: 1, 'a': 2 }", "1:9: duplicate key `a`, already set on line 1"],
    ["a: {b: 1, : 2}", "1:11: a key is missing before this `:`"],
    ["a:\n\tb: 1\n", "2:1: a tab in the indentation; use spaces"],
    [
      "a: b: c\n",
      "1:4: a second `: ` in this line; if it is part of the text, put the text in quotes",
    ],
    [
      "a: 1\n  b: 2\n",
      "1:4: this key has a value and more keys below it; is the next line indented too far?",
    ],
    [
      "a:\n  b: 1\n c: 2\n",
      "3:1: the indentation matches nothing above it; keys of one mapping must start in the same column",
    ],
    [
      "a:\n    - b\n  - c\n",
      "3:1: the indentation matches nothing above it; items of one list must start in the same column",
    ],
    ["a: 1\nb\nc: 2\n", "2:1: a `:` is missing after this key"],
    ["- a\n b: 2\n", "1:3: a key and its `:` must be on one line"],
    ["a: - b\n", "1:4: a list must start on the line after its key"],
    ["a: 'x\nb: 2\n", "2:5: the closing ' is missing"],
    ['a: "x\nb: 2\n', '2:5: the closing " is missing'],
    ["a: {b: 1\nc: 2\n", "2:1: the closing } is missing, or indented too little"],
    ["a: [1, 2\nb: 3\n", "2:1: the closing ] is missing, or indented too little"],
    ["{a: 1", "1:6: the closing } is missing, or indented too little"],
    ["a: *\n", '1:4: text that begins with * needs quotes: write "*"'],
    ["a: [*, b]\n", '1:5: text that begins with * needs quotes: write "*"'],
    ["a: *.example.com\n", '1:4: text that begins with * needs quotes: write "*.example.com"'],
    ["a: &\n", "1:4: text that begins with & needs quotes"],
    [
      "a: {{ x }}\n",
      '1:5: a `{{ }}` of a template: let its program fill it in first, or use a variable, "${NAME}"',
    ],
    ["a: {b: 1}}\n", "1:10: unmatched }"],
    ["a: 1]\nb: ]\n", "2:4: unmatched ]"],
    ["a: [1,,2]\n", "1:7: a value is missing before this comma"],
    [
      "a: {b: 1 c: 2}\n",
      "1:8: inside { } and [ ]: a comma is missing, or there is one `: ` too many",
    ],
    ['a: "x" y\n', "1:8: more text after the value; does all of it belong in quotes?"],
    ["a: { b: ${C} }\n", "1:10: inside { } and [ ], text with `${…}` needs quotes"],
    ["a: @b\n", "1:4: text that begins with @ needs quotes"],
    ["a: %b\n", "1:4: text that begins with % needs quotes"],
    [
      'a: "\\d"\n',
      "1:5: `\\d` is not an escape sequence; in single quotes a backslash is just a backslash",
    ],
    [
      "a: !secret b\n",
      "1:4: custom tags such as `!name` are not supported; text that begins with ! needs quotes",
    ],
    ["a: &x &y b\n", "1:7: this is not YAML: a node can have at most one anchor"],
    [
      "%YAML\n---\na: 1\n",
      "1:1: this is not YAML: %YAML directive should contain exactly one part",
    ],
    ["%YAML\n", "1:1: this is not YAML: %YAML directive should contain exactly one part"],
    ["%YAML 1.2\n", "1:1: the file sets nothing; `gateway init -` prints one to start from"],
  ])("%j is reported in words, with its place", (text, message) => {
    expect(told(text)).toEqual([message]);
  });

  test("has no value, and every diagnostic is at its beginning", () => {
    const document = parse("a: [");
    expect(document.value()).toBeUndefined();
    expect(document.diagnose(["a"], "wrong")).toMatchObject({ line: 1, column: 1 });
  });

  test("has all its errors reported, but one per line", () => {
    expect(told("a: 'x' y z: 1\nb: !t 2\nc: !t 3\n").map((message) => message.slice(0, 2))).toEqual(
      ["1:", "2:", "3:"],
    );
  });

  test("has nothing reported of what follows from an error in a flow mapping", () => {
    expect(told("a: { b: ${C} }\nd: 1\ne: 2\n")).toHaveLength(1);
  });

  test("may be nested however deep", () => {
    expect(told(`a: ${"[".repeat(101)}${"]".repeat(101)}`)).toEqual([
      "1:103: nested more than 100 levels deep",
    ]);
    expect(told(`a: ${"[".repeat(50_000)}${"]".repeat(50_000)}`)).toHaveLength(1);
  });
});

describe("a text that is one YAML mapping", () => {
  test("has the value that it has in YAML 1.2", () => {
    const text = "%YAML 1.1\n---\na: yes\nb: 0o17\nc: [~, 1.5, true, 'x']\n1: {null: x}\n? d\n";
    expect(parse(text).value()).toEqual({
      a: "yes",
      b: 15,
      c: [null, 1.5, true, "x"],
      "1": { null: "x" },
      d: null,
    });
  });

  test("leaves every prototype alone", () => {
    const value = parse("__proto__: { polluted: true }\n").value() as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.keys(value)).toEqual(["__proto__"]);
    expect("polluted" in {}).toBe(false);
  });
});

describe("aliases and merge keys", () => {
  test("stand for the anchored value", () => {
    const text = `
base: &base { a: 1, b: 2 }
more: &more { b: 3, c: 4 }
alias: *base
merged: { <<: *base, b: 5 }
several: { b: 6, <<: [*base, *more] }
inline: { <<: { z: 1 } }
quoted: { '<<': 1 }
`;
    expect(parse(text).value()).toMatchObject({
      alias: { a: 1, b: 2 },
      merged: { a: 1, b: 5 },
      several: { a: 1, b: 6, c: 4 },
      inline: { z: 1 },
      quoted: { "<<": 1 },
    });
  });

  test("mean the last anchor of the name above them", () => {
    expect(parse("a: &x 1\nb: *x\nc: &x 2\nd: *x\n").value()).toEqual({ a: 1, b: 1, c: 2, d: 2 });
  });

  test.each([
    ["a: *x\n", "1:4: `*x` has no `&x` above it; if it is text, put it in quotes"],
    ["a: *x\nb: &x 1\n", "1:4: `*x` has no `&x` above it; if it is text, put it in quotes"],
    ["a: &x [*x]\n", "1:8: `*x` refers to a value that contains it"],
    ["a: { <<: 1 }\n", "1:10: `<<` takes a mapping or a list of mappings"],
    ["a: { <<: [1] }\n", "1:11: `<<` takes a mapping or a list of mappings"],
    ["a: { <<: *x }\n", "1:10: `*x` has no `&x` above it; if it is text, put it in quotes"],
    ["a: &x\n  <<: *x\n", "2:7: `*x` refers to a value that contains it"],
  ])("that lead nowhere are errors: %j", (text, message) => {
    expect(told(text)).toEqual([message]);
  });

  test("that ask for billions of values are refused, once", () => {
    const lines = Array.from({ length: 12 }, (_, level) => {
      const items = level === 0 ? "x" : `*a${level - 1}`;
      return `a${level}: &a${level} [${Array.from({ length: 10 }, () => items).join(", ")}]`;
    });
    expect(told(lines.join("\n"))).toEqual([
      "5:45: aliases repeat too much: more than 100000 values up to here",
    ]);
  });
});

describe("a diagnostic for a path", () => {
  const document = parse(`server:
  port: 80
  empty:
routes:
  - path: /a
    backends: &b
      - { url: x, weight: 2 }
  - path: /b
    backends: *b
    list:
      - 1
`);
  const at = (...args: Parameters<ConfigDocument["diagnose"]>) => {
    const { line, column, length } = document.diagnose(...args);
    return [line, column, length];
  };

  test("is at the value, or at the key when asked", () => {
    expect(at(["server", "port"], "")).toEqual([2, 9, 2]);
    expect(at(["server", "port"], "", { at: "key" })).toEqual([2, 3, 4]);
    expect(at(["routes", 0, "backends", 0, "weight"], "")).toEqual([7, 27, 1]);
  });

  test("of a block of lines is at its beginning", () => {
    expect(at(["routes"], "")).toEqual([5, 3, 1]);
    expect(at(["routes", 1], "")).toEqual([8, 5, 4]);
    expect(at(["routes", "1"], "", { at: "key" })).toEqual([8, 5, 4]);
    expect(at([], "")).toEqual([1, 1, 6]);
  });

  test("of an empty value is at its key", () => {
    expect(at(["server", "empty"], "")).toEqual([3, 3, 5]);
  });

  test("to nothing is at the key of the nearest that there is", () => {
    expect(at(["server", "host"], "")).toEqual([1, 1, 6]);
    expect(at(["server", "port", "deep", 0], "")).toEqual([2, 3, 4]);
    expect(at(["routes", 7, "path"], "")).toEqual([4, 1, 6]);
    expect(at(["nothing"], "")).toEqual([1, 1, 6]);
    expect(at(["__proto__"], "")).toEqual([1, 1, 6]);
  });

  test("is at an alias for the whole of it, and at its text for what is within", () => {
    expect(at(["routes", 1, "backends"], "")).toEqual([9, 15, 2]);
    expect(at(["routes", 1, "backends", 0, "url"], "")).toEqual([7, 16, 1]);
  });

  test("is an error, or a warning when asked", () => {
    expect(document.diagnose([], "x").severity).toBe("error");
    expect(document.diagnose([], "x", { severity: "warning" }).severity).toBe("warning");
  });
});

describe("the columns", () => {
  const place = (text: string, ...path: string[]) => {
    const diagnostic = parse(text).diagnose(path, "here");
    return formatDiagnostics([diagnostic], { color: false }).split("\n");
  };

  test("are right after a byte order mark", () => {
    expect(place("\uFEFFa: 1\n", "a")).toEqual([
      "gateway.yaml:1:4: error: here",
      "    1 | a: 1",
      "      |    ^",
    ]);
  });

  test("are right with CRLF at the ends of lines", () => {
    expect(place("a: 1\r\nb: >-\r\n  text\r\nc: 'x'\r\n", "c")).toEqual([
      "gateway.yaml:4:4: error: here",
      "    4 | c: 'x'",
      "      |    ^^^",
    ]);
  });

  test("count characters outside of the basic plane once", () => {
    expect(place("{ '🚀🚀': 1, b: 2 }", "b")[0]).toStartWith("gateway.yaml:1:15:");
  });

  test("of a value over several lines are those of its first", () => {
    expect(place("a: one\n  two\n", "a")).toEqual([
      "gateway.yaml:1:4: error: here",
      "    1 | a: one",
      "      |    ^^^",
    ]);
  });
});
