import { expect, setDefaultTimeout, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import * as fc from "fast-check";
import { readRecords } from "../../../src/documents/records.ts";
import { FileProblem } from "../../../src/documents/text-file.ts";
import { runThrough } from "../../../src/time/slices.ts";
import { TEST_TIMEOUT_MS } from "../../support/patience.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const One = Type.Union([
  Type.String(),
  Type.Object({ hash: Type.String(), claims: Type.Optional(Type.Unknown()) }),
]);
const kind = {
  schema: Type.Union([Type.Record(Type.String(), One), Type.Array(One)]),
  name: "a file of tests",
  example: "`a: b`",
  remedy: "write one",
};

/** The value, or that there is none. */
function read(text: string, piece: number): unknown {
  try {
    return runThrough(readRecords("tests.yaml", text, kind, piece)).value;
  } catch (error) {
    if (error instanceof FileProblem) return "a problem";
    throw error;
  }
}

const line = fc.constantFrom(
  "a: b\n",
  "c: { hash: d }\n",
  "e:\n  hash: f\n",
  "  claims: { g: [h] }\n",
  "- i\n",
  "- hash: j\n",
  "  claims: k\n",
  "- { hash: l }\n",
  "# m\n",
  "\n",
  "n: >\n",
  "  o\n",
  '"p": "q\n',
  '  r"\n',
  "s: {\n",
  "hash: t }\n",
  "}\n",
  "&u v: w\n",
  "x: *u\n",
  "<<: *u\n",
  "---\n",
  "...\n",
  "? y\n",
  ": z\n",
  "__proto__: { hash: x }\n",
  "constructor: y\n",
  "- - z\n",
  "\t- a\n",
);

test("a text that is read piece by piece is the same as one that is read as a whole", () => {
  const texts = fc.array(line, { minLength: 1, maxLength: 14 }).map((lines) => lines.join(""));
  fc.assert(
    fc.property(texts, fc.integer({ min: 1, max: 40 }), (text, piece) => {
      expect(read(text, piece)).toStrictEqual(read(text, text.length));
    }),
    { numRuns: 3_000 },
  );
});
