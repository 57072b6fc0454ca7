import { describe, expect, test } from "bun:test";
import { Type } from "@sinclair/typebox";
import { FileProblem } from "../../../src/documents/text-file.ts";
import { readRecords } from "../../../src/documents/records.ts";
import { runThrough } from "../../../src/time/slices.ts";

const One = Type.Union([
  Type.String({ maxLength: 20, expected: "a short text" }),
  Type.Object(
    { text: Type.String(), tags: Type.Optional(Type.Array(Type.String())) },
    { additionalProperties: false },
  ),
]);
const kind = {
  schema: Type.Union([Type.Record(Type.String({ pattern: "^[a-z0-9]+$" }), One), Type.Array(One)]),
  name: "a file of tests",
  example: "`a: text`",
  remedy: "write one",
  isSecret: true,
};

const read = (text: string) => runThrough(readRecords("tests.yaml", text, kind));

function steps(text: string): number {
  const work = readRecords("tests.yaml", text, kind);
  let count = 0;
  while (work.next().done !== true) count += 1;
  return count;
}

function problemsOf(text: string): readonly string[] {
  try {
    read(text);
  } catch (error) {
    if (error instanceof FileProblem) return error.problems;
    throw error;
  }
  return [];
}

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index)).join("");

const MAPPING = lines(800, (index) => `a${index}: { text: "number ${index}", tags: [x, y] }\n`);
const LIST = lines(800, (index) => `- text: number ${index}\n  tags:\n    - x\n# and\n\n`);

describe("a large file", () => {
  test.each([
    ["a mapping", MAPPING],
    ["a list", LIST],
  ])("of %s is read in steps, and as if it were read as a whole", (_what, text) => {
    expect(steps(text)).toBeGreaterThan(2);
    const { value } = read(text);
    // A tag is not plain, so the text is read as a whole.
    const whole = `--- !!${text.startsWith("-") ? "seq" : "map"}\n${text}`;
    expect(steps(whole)).toBe(0);
    expect(value as unknown).toEqual(read(whole).value as unknown);
    expect(Object.keys(value)).toHaveLength(800);
  });

  test("has its errors where they are", () => {
    expect(problemsOf(`${MAPPING}b1: ${"x".repeat(30)}\n`)).toEqual([
      "tests.yaml:801:5: expected a short text, got text",
    ]);
    expect(problemsOf(`${MAPPING}a7: again\n`)).toEqual([
      "tests.yaml:801:1: duplicate key `a7`, already set on line 8",
    ]);
    expect(problemsOf(`${MAPPING}- text: x\n`)).toHaveLength(1);
    expect(problemsOf(`${LIST}a: x\n`)).toHaveLength(1);
  });

  test("may have what spans lines", () => {
    const text = `${MAPPING}b1: {\n  text: x\n}\nb2:\n  text: >\n    long\n    text\n`;
    expect(read(text).value).toHaveProperty("b2.text", "long text\n");
  });

  test("may end in comments", () => {
    const comments = lines(1_000, () => "# nothing to see here\n");
    expect(read(comments + MAPPING + comments).value).toEqual(read(MAPPING).value);
  });

  test("has no more than its first problems reported", () => {
    const problems = problemsOf(lines(100, (index) => `a${index}: ${"x".repeat(30)}\n`));
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toBe("and 80 more problems of this file");
  });
});

describe("a file of secrets", () => {
  test.each([
    [`a: ${"hunter2".repeat(4)}\n`, "tests.yaml:1:4: expected a short text, got text"],
    ["- { text: hunter2, tags: { hunter2: 1 } }\n", "expected a list, got a mapping"],
    ["a: { text: 17 }\n", "tests.yaml:1:12: expected text, got a number"],
    ["a: { text: true }\n", "tests.yaml:1:12: expected text, got a boolean"],
    ['a: { text: "" , tags: hunter2 x }\n', ""],
    ["hunter2\n", "tests.yaml:1:1: expected keys with values, like `a: text`, got text"],
    ["", "tests.yaml:1:1: the file is empty; write one"],
    ["# none\n", "tests.yaml:1:1: the file sets nothing; write one"],
  ])("has nothing of it quoted: %j", (text, problem) => {
    const problems = problemsOf(text).join("\n");
    expect(problems).toContain(problem);
    expect(problems).not.toContain("hunter2");
  });
});

test("issues of the value are reported with their places", () => {
  const issues = [{ path: ["b", "text"], message: "unheard of" }];
  expect(read("a: x\nb: { text: y }\n").lines(issues)).toEqual(["tests.yaml:2:12: unheard of"]);
  expect(read(MAPPING).lines([{ path: ["a799"], message: "odd" }])).toEqual([
    "tests.yaml:800:7: odd",
  ]);
});
