import { describe, expect, test } from "bun:test";
import { integerFlag, parseArguments, suggestion } from "../../../src/cli/args.ts";
import { commandWith, refusal } from "./fake-console.ts";

const command = commandWith({
  name: "try",
  maxOperands: 1,
  flags: {
    port: { value: "PORT", summary: "a port" },
    "fail-rate": { value: "SHARE", summary: "a share" },
    quiet: { summary: "say less" },
  },
});

const read = (...written: string[]) => parseArguments(command, written);

describe("a command line", () => {
  test.each([
    [[], [], {}],
    [["a.yaml"], ["a.yaml"], {}],
    [["--port", "80"], [], { port: "80" }],
    [["--port=80"], [], { port: "80" }],
    [["-port", "80"], [], { port: "80" }],
    [["--port="], [], { port: "" }],
    [["--port=a=b"], [], { port: "a=b" }],
    [["--port", "-1"], [], { port: "-1" }],
    [["--port", "80", "--port", "81"], [], { port: "81" }],
    [["--fail-rate=0.5", "a", "--quiet"], ["a"], { "fail-rate": "0.5", quiet: "true" }],
    [["--quiet", "a"], ["a"], { quiet: "true" }],
    [["-"], ["-"], {}],
  ])("%j is read as %j and %j", (written, operands, flags) => {
    expect(read(...written)).toEqual({ operands, flags });
  });

  test.each([
    [["--prot", "80"], "unknown flag --prot for `try`, did you mean --port?"],
    [["--prot=80"], "unknown flag --prot for `try`, did you mean --port?"],
    [["-fail_rate=1"], "unknown flag -fail_rate for `try`, did you mean --fail-rate?"],
    [["--verbose"], "unknown flag --verbose for `try`"],
    [["--constructor"], "unknown flag --constructor for `try`"],
    [["--__proto__"], "unknown flag --__proto__ for `try`"],
    [["--port"], "--port needs a value: --port PORT"],
    [["--quiet=yes"], "--quiet takes no value"],
    [["a", "b"], '`try` does not know what to do with "b"'],
  ])("%j is refused in words", async (written, words) => {
    expect(await refusal(() => read(...written))).toBe(words);
  });

  test("of a command without flags is refused without a suggestion", async () => {
    const bare = commandWith({ name: "bare" });
    expect(await refusal(() => parseArguments(bare, ["--port"]))).toBe(
      "unknown flag --port for `bare`",
    );
  });
});

describe("a suggestion", () => {
  test.each([
    ["sevre", ["serve", "check"], ", did you mean serve?"],
    ["xyzzy", ["serve", "check"], ""],
    ["serve", [], ""],
  ])("for %s among %j is %j", (written, known, words) => {
    expect(suggestion(written, known)).toBe(words);
  });
});

describe("a flag that is a whole number", () => {
  const range = { default: 9001, minimum: 0, maximum: 65_535 };

  test.each([
    [undefined, 9001],
    ["0", 0],
    ["65535", 65_535],
    ["007", 7],
  ])("written %j is %d", (written, value) => {
    expect(integerFlag({ port: written }, "port", range)).toBe(value);
  });

  test.each(["", "65536", "-1", "1.5", "1e3", " 1", "9".repeat(16), "many"])(
    "cannot be %j",
    async (written) => {
      expect(await refusal(() => integerFlag({ port: written }, "port", range))).toBe(
        `--port takes a whole number from 0 to 65535, not "${written}"`,
      );
    },
  );
});
