import { expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { parsePlaceholders, Template } from "../../../src/pipeline/placeholders.ts";
import { TextProblem } from "../../../src/pipeline/section.ts";
import { asText } from "../../../src/pipeline/text-places.ts";
import { TEST_TIMEOUT_MS } from "../../support/patience.ts";
import { openExchange } from "./opening.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const braced = fc
  .array(
    fc.constantFrom("{", "}", "{{", "}}", "{request.id}", "request.id", "a", " ", '"', "$", "ü"),
    {
      maxLength: 12,
    },
  )
  .map((pieces) => pieces.join(""));
const anyText = fc.oneof(braced, fc.string({ unit: "binary" }));

test("any text can be written literally, with its braces doubled", () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const parsed = parsePlaceholders(text.replaceAll("{", "{{").replaceAll("}", "}}"));
      if (parsed instanceof TextProblem) throw parsed;
      expect(new Template(parsed, asText).constant).toBe(text);
    }),
    { numRuns: 5_000 },
  );
});

test("any text is either read, with each placeholder where it says, or has a problem within it", () => {
  const exchange = openExchange();
  fc.assert(
    fc.property(anyText, (text) => {
      const parsed = parsePlaceholders(text);
      if (parsed instanceof TextProblem) {
        expect(text.charAt(parsed.offset)).toBe("{");
        return;
      }
      for (const part of parsed.parts) {
        if (typeof part !== "string") expect(text.slice(part.offset)).toStartWith("{request.id}");
      }
      expect(new Template(parsed, asText).text(exchange)).toBeString();
    }),
    { numRuns: 5_000 },
  );
});

test("JSON is written as usual", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const json = JSON.stringify(value);
      // Braces within strings are the text's own to double.
      fc.pre(!/"[^"]*[{}][^"]*"/.test(json));
      const parsed = parsePlaceholders(json);
      if (parsed instanceof TextProblem) throw parsed;
      expect(new Template(parsed, asText).constant).toBe(json);
    }),
  );
});
