import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { ConfigDocument } from "../../../src/documents/text/document.ts";
import { readPlainYaml } from "../../../src/documents/text/plain-yaml.ts";
import { TEST_TIMEOUT_MS } from "../../support/patience.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const example = readFileSync(join(import.meta.dir, "../../../config/gateway.example.yaml"), "utf8");

const VARIED = `# A bit of everything that is plain
a:
- b
- c: d   # and a comment
  e: [1, 2.5, ~, 'x''y', "z", {k: v, m: []}, -1, +5, .5, 1e3, 0x1F, 0o17, .inf, true, Null]
- http://a:1/b#c # d
- {}
f: -1

  # indented
g:
    h: "it's"
    i:
      - - not plain
j: a, b [c] {d}
`.replace("      - - not plain\n", "      - plain\n");

const ANY = { name: "a test", example: "`a: b`", remedy: "write one" };

/** What the library makes of a text; undefined where it has anything against it. */
function viaLibrary(text: string) {
  const { root, diagnostics } = ConfigDocument.parse("gateway.yaml", text, ANY);
  return diagnostics.length > 0 ? undefined : root;
}

describe("plain YAML", () => {
  test.each([
    ["the example", example],
    ["a text of everything", VARIED],
    ["a list as far left as its key", "a:\n- b\n- c: 1\n  d: 2\ne: f\n"],
    ["a text without a line break at its end", "a: b"],
    ["a list", "# first\n- a\n- b: c\n  d: 1\n- { e: f }\n"],
  ])("of %s is read as the library reads it", (_what, text) => {
    const plain = readPlainYaml(text);
    expect(plain).toBeDefined();
    expect(plain).toStrictEqual(viaLibrary(text));
  });

  test.each([
    "",
    "a",
    "  a: b\n",
    "a:\n",
    "a: b\n c: d\n",
    "a: b\n  c\n",
    "a: b: c\n",
    "a: b:\n",
    "a: [b\n",
    "a: [b]]\n",
    "a: [b,]\n",
    "a: {b}\n",
    "a: { b: 1, b: 2 }\n",
    "a: 1\na: 2\n",
    "a: &b c\n",
    "a: *b\n",
    "a: !b c\n",
    "a: |\n  b\n",
    'a: "\\n"\n',
    'a: "b\n  c"\n',
    "a: 'b' c\n",
    "a: -\n",
    "a: - b\n",
    "a:\tb\n",
    "a: b\r\n",
    "<<: a\n",
    "? a\n",
    "a: b\n---\nc: d\n",
    "a: b\n...\n",
    "a:\n  - b\n c: d\n",
    `${Array.from({ length: 60 }, (_, depth) => `${" ".repeat(depth)}a:\n`).join("")}${" ".repeat(60)}b: c\n`,
  ])("is not %j, which is left to the library", (text) => {
    expect(readPlainYaml(text)).toBeUndefined();
  });

  const piece = fc.constantFrom(
    ..." |  |\n|\n  |\n- |: |:| #|#|[|]|{|}|,|, |'|\"|-|- |x|1|~|null|true|0|.|---|...|&a|*a|!t|>|?|%|@|\\|\t|a: b|''|é|.inf|0x|e|+".split(
      "|",
    ),
    "|",
    "\r",
  );
  const lines = [...example.split("\n"), ...VARIED.split("\n")];
  const damaged = fc
    .record({
      from: fc.nat({ max: lines.length }),
      count: fc.integer({ min: 1, max: 12 }),
      first: fc.constantFrom("top: 1\n", "- top\n"),
      changes: fc.array(
        fc.record({ at: fc.nat({ max: 400 }), removed: fc.nat({ max: 3 }), inserted: piece }),
        { maxLength: 4 },
      ),
    })
    .map(({ from, count, first, changes }) =>
      changes.reduce(
        (text, { at, removed, inserted }) =>
          text.slice(0, at) + inserted + text.slice(at + removed),
        `${first}${lines.slice(from, from + count).join("\n")}\n`,
      ),
    );

  test("is read as the library reads it, or left to it, whatever has become of it", () => {
    fc.assert(
      fc.property(damaged, (text) => {
        const plain = readPlainYaml(text);
        if (plain !== undefined) expect(plain).toStrictEqual(viaLibrary(text) as typeof plain);
      }),
      { numRuns: 3_000 },
    );
  });

  test("of a large configuration has its errors where they are", () => {
    const routes = Array.from(
      { length: 2_000 },
      (_, index) => `  - { path: /r${index}, backends: [http://a] }\n`,
    );
    const text = `prot: 1\nroutes:\n${routes.join("")}`;
    expect(text.length).toBeGreaterThan(64 * 1024);
    const { root, source } = ConfigDocument.parse("gateway.yaml", text);
    expect(root).toStrictEqual(readPlainYaml(text));
    expect(source.text).toBe(text);
  });
});
