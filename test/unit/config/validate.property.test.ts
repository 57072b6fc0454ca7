import { describe, expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import type { Diagnostic } from "../../../src/documents/text/diagnostics.ts";
import { formatDiagnostics } from "../../../src/documents/text/diagnostics.ts";
import { isError } from "../../../src/config/load.ts";
import { readText, ROUTES } from "./example.ts";
import { TEST_TIMEOUT_MS } from "../../support/patience.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const VALID = `# A configuration
server: { host: "0.0.0.0", port: "\${PORT:-8080}", read_timeout: 30s, trusted_proxies: [a, b] }
level: info
cors:
  origins: &origins ["*"]
# 日本
routes:
  - path: /a
    backends:
      - &backend { url: 'http://a', weight: 2 }
      - { <<: *backend, url: "http://b" }
    rate_limit: 50
    health_check: { timeout: 3s }
  - path: /b
    backends: [*backend]
    rate_limit: { requests_per_second: 5/s, burst: 5, key: all }
`;

const piece = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 5 }),
  fc.constantFrom(
    ..."{ } [ ] : , - # & * ! | > % @ ' \" ? ~ \t \r\n \n << ${ ${X} $${ --- ... 0 -1 1e999 .nan".split(
      " ",
    ),
    "\n  ",
    "*origins",
    "\uFEFF",
    "\u0000",
    "__proto__: ",
    "null",
  ),
);

const mutation = fc.record({
  at: fc.nat({ max: VALID.length }),
  removed: fc.nat({ max: 12 }),
  inserted: piece,
});

const mutated = fc
  .array(mutation, { minLength: 1, maxLength: 4 })
  .map((mutations) =>
    mutations.reduce(
      (text, { at, removed, inserted }) => text.slice(0, at) + inserted + text.slice(at + removed),
      VALID,
    ),
  );

function isInside(text: string, { line, column, length, sourceLine }: Diagnostic): boolean {
  const lines = text.replace(/^\uFEFF/, "").split("\n");
  const width = Array.from(sourceLine).length;
  return (
    lines[line - 1]?.replace(/\r$/, "") === sourceLine &&
    column >= 1 &&
    length >= 1 &&
    (column - 1 + length <= width || (column === width + 1 && length === 1))
  );
}

function check(text: string): void {
  const { value, diagnostics } = readText(text, { X: "x" });
  expect(value === undefined).toBe(diagnostics.some(isError));
  for (const diagnostic of diagnostics) {
    expect(diagnostic.message).not.toMatch(/union|schema|undefined|\[object|typebox|\/routes\//i);
    if (!isInside(text, diagnostic)) throw new Error(JSON.stringify(diagnostic));
  }
  formatDiagnostics(diagnostics, { color: false });
}

describe("whatever a configuration has become", () => {
  test("there is either a value or a diagnostic, and each has its place in the text", () => {
    fc.assert(fc.property(mutated, check), { numRuns: 1_000 });
  });

  test("the same holds for texts that never were a configuration", () => {
    const texts = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(""));
    fc.assert(fc.property(texts, check), { numRuns: 500 });
  });

  test("a value of any kind in any place is read or reported", () => {
    const json = fc.jsonValue().map((value) => JSON.stringify(value));
    const key = fc.constantFrom(
      "server",
      "level",
      "cors",
      "discovery",
      "labels",
      "routes",
      "other",
    );
    fc.assert(
      fc.property(json, key, (written, name) => {
        check(name === "routes" ? `routes: ${written}\n` : `${name}: ${written}\n${ROUTES}`);
      }),
      { numRuns: 500 },
    );
  });
});
