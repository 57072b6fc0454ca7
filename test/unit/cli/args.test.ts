import { describe, expect, test } from "bun:test";
import { asksForHelp, integerFlag, parseArguments, suggestion } from "../../../src/cli/args.ts";
import { commandWith, refusal } from "./fake-console.ts";

const command = commandWith({
  name: "try",
  operands: "[FILE]",
  maxOperands: 1,
  flags: {
    port: { value: "PORT", short: "p", summary: "a port" },
    to: { value: "URL", repeatable: true, summary: "a backend" },
    "fail-rate": { value: "SHARE", summary: "a share" },
    quiet: { summary: "say less" },
  },
});

const SEE_HELP = "\n`gateway help try` lists its flags";

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
    [["-p", "80"], [], { port: "80" }],
    [["-p=80"], [], { port: "80" }],
    [["-p80"], [], { port: "80" }],
    [["-p", "-1"], [], { port: "-1" }],
    [["--quiet", "--quiet"], [], { quiet: "true" }],
    [["--quiet", "--", "--port"], ["--port"], { quiet: "true" }],
    [["--fail-rate=0.5", "a", "--quiet"], ["a"], { "fail-rate": "0.5", quiet: "true" }],
    [["--quiet", "a"], ["a"], { quiet: "true" }],
    [["-"], ["-"], {}],
  ])("%j is read as %j and %j", (written, operands, flags) => {
    expect(read(...written)).toEqual({ operands, flags, lists: {} });
  });

  test("keeps every value of a flag that may be repeated, in their order", () => {
    expect(read("--to", "a", "--port", "1", "--to=b").lists).toEqual({ to: ["a", "b"] });
  });

  test.each([
    [["--prot", "80"], `unknown flag --prot for \`try\`, did you mean --port?${SEE_HELP}`],
    [["--prot=80"], `unknown flag --prot for \`try\`, did you mean --port?${SEE_HELP}`],
    [["-prot"], `unknown flag -prot for \`try\`, did you mean --port?${SEE_HELP}`],
    [["-fail_rate=1"], `unknown flag -fail_rate for \`try\`, did you mean --fail-rate?${SEE_HELP}`],
    [["--verbose"], `unknown flag --verbose for \`try\`${SEE_HELP}`],
    [["-x"], `unknown flag -x for \`try\`${SEE_HELP}`],
    [["--constructor"], `unknown flag --constructor for \`try\`${SEE_HELP}`],
    [["--__proto__"], `unknown flag --__proto__ for \`try\`${SEE_HELP}`],
    [["--port"], "--port needs a value: --port PORT"],
    [["-p"], "--port needs a value: --port PORT"],
    [["--port", "1", "-p", "1"], "--port is given twice: 1 and 1; which one is meant?"],
    [["--quiet=yes"], "--quiet takes no value"],
    [["--post"], `unknown flag --post for \`try\`, did you mean --port?${SEE_HELP}`],
    [["--cost"], `unknown flag --cost for \`try\`${SEE_HELP}`],
    [
      ["a", ":9001"],
      'unexpected argument ":9001" for `try`, did you mean --port 9001?\nusage: gateway try [FILE] [FLAGS]',
    ],
    [["a", "b"], 'unexpected argument "b" for `try`\nusage: gateway try [FILE] [FLAGS]'],
  ])("%j is refused in words", async (written, words) => {
    expect(await refusal(() => read(...written))).toBe(words);
  });

  test("names the flag of a configuration that is given without one", async () => {
    const other = commandWith({ flags: { config: { value: "FILE", summary: "the file" } } });
    expect(await refusal(() => parseArguments(other, ["etc/gateway.yaml"]))).toContain(
      'unexpected argument "etc/gateway.yaml" for `try`, did you mean --config etc/gateway.yaml?',
    );
  });

  test("says where the setting is that a flag is expected for", async () => {
    const other = commandWith({ elsewhere: { port: "the port is in the file" } });
    expect(await refusal(() => parseArguments(other, ["--port=80"]))).toBe(
      "`try` has no flag --port: the port is in the file",
    );
  });

  test("of a command without flags is refused without a suggestion", async () => {
    const bare = commandWith({ name: "bare" });
    expect(await refusal(() => parseArguments(bare, ["--port"]))).toBe(
      "unknown flag --port: `bare` has no flags",
    );
    expect(await refusal(() => parseArguments(bare, ["a"]))).toBe(
      'unexpected argument "a" for `bare`\nusage: gateway bare',
    );
  });
});

describe("a command line asks for help", () => {
  test.each([
    [["--help"], true],
    [["a", "-h"], true],
    [["-?"], true],
    [["-help"], true],
    [["--", "--help"], false],
    [["help"], false],
    [[], false],
  ])("%j: %j", (written, asks) => {
    expect(asksForHelp(written)).toBe(asks);
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
