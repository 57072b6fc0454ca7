import { expect, setDefaultTimeout, test } from "bun:test";
import * as fc from "fast-check";
import { isJson } from "../../../../../src/policies/transform/json/scan.ts";
import { TEST_TIMEOUT_MS } from "../../../../support/patience.ts";
import { edited } from "./edits.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const text = fc
  .json()
  .chain((json) => fc.constantFrom(json, JSON.stringify(JSON.parse(json), undefined, 2)));

/** JSON with a few characters replaced, added or left out. */
const nearlyJson = fc
  .tuple(
    text,
    fc.array(
      fc.tuple(
        fc.nat(),
        fc.constantFrom(...'{}[],:"\\ue1.-+0 tfn\n\t\u0001é'.split("")),
        fc.constantFrom("replace", "add", "remove"),
      ),
      { maxLength: 3 },
    ),
  )
  .map(([json, changes]) =>
    changes.reduce((changed, [place, character, how]) => {
      const at = place % (changed.length + 1);
      const before = changed.slice(0, at) + (how === "remove" ? "" : character);
      return before + changed.slice(how === "add" ? at : at + 1);
    }, json),
  );

function parses(json: string): boolean {
  try {
    JSON.parse(json);
    return true;
  } catch {
    return false;
  }
}

test("the scanner takes for JSON what JSON.parse takes for it", () => {
  fc.assert(
    fc.property(nearlyJson, (json) => {
      expect(isJson(Buffer.from(json), 0)).toBe(parses(json.toWellFormed()));
    }),
    { numRuns: 3_000 },
  );
});

test.each(["\u00ff", '{"a":"\u00c3\u0028"}', '"\u00ed\u00a0\u0080"'])(
  "bytes that are not UTF-8 are not JSON: %j",
  (bytes) => {
    expect(isJson(Buffer.from(bytes, "latin1"), 0)).toBe(false);
  },
);

const names = fc.constantFrom("a", "b", "c", "__proto__", "0", "1");
const object = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: "small" }, fc.integer(), fc.string(), tie("list"), tie("object")),
  list: fc.array(tie("value"), { maxLength: 4 }),
  object: fc.array(fc.tuple(names, tie("value")), { maxLength: 5 }).map((members) => {
    const entries = new Map(members);
    return Object.fromEntries(entries) as unknown;
  }),
})).object;
const path = fc.array(names, { minLength: 1, maxLength: 4 }).map((steps) => steps.join("."));

function follow(value: unknown, steps: readonly string[]): unknown {
  return steps.reduce<unknown>(
    (at, step) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, step)
        ? (at as Record<string, unknown>)[step]
        : undefined,
    value,
  );
}

test("a removed path is gone, and the text is still JSON", () => {
  fc.assert(
    fc.property(object, path, fc.constantFrom(undefined, 1), (value, removed, indent) => {
      const result: unknown = JSON.parse(
        edited(JSON.stringify(value, undefined, indent), { remove: [removed] }),
      );
      const steps = removed.split(".");
      const holder = follow(value, steps.slice(0, -1));
      // The next item of a list takes the place of one that is removed.
      if (!Array.isArray(holder)) expect(follow(result, steps)).toBeUndefined();
      else {
        const at = Number(steps.at(-1));
        const left = follow(result, steps.slice(0, -1));
        expect(left).toEqual(Number.isNaN(at) ? holder : holder.filter((_, index) => index !== at));
      }
    }),
  );
});

test("a set path has its value, unless a list is in the way", () => {
  fc.assert(
    fc.property(object, path, fc.jsonValue(), (value, set, wanted) => {
      const steps = set.split(".");
      const result: unknown = JSON.parse(edited(JSON.stringify(value), { set: { [set]: wanted } }));
      const isListed = steps.some((_, length) =>
        Array.isArray(follow(value, steps.slice(0, length))),
      );
      const isIndexed = steps.slice(1).some((step) => /^[01]$/.test(step));
      if (!isListed && !isIndexed) {
        expect(JSON.stringify(follow(result, steps))).toBe(JSON.stringify(wanted));
      }
    }),
  );
});
