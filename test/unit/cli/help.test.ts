import { describe, expect, test } from "bun:test";
import { check } from "../../../src/cli/check.ts";
import { demo } from "../../../src/cli/demo.ts";
import { findCommand, helpCommand } from "../../../src/cli/help.ts";
import { mock } from "../../../src/cli/mock.ts";
import { serve } from "../../../src/cli/serve.ts";
import { version } from "../../../src/cli/version.ts";
import { commandWith, FakeConsole, given, refusal } from "./fake-console.ts";

const COMMANDS = [serve, check, mock, demo, version];
const help = helpCommand(COMMANDS);

async function explained(...operands: string[]): Promise<string> {
  const console = new FakeConsole();
  expect(await help.run(given({ operands }), console)).toBe(0);
  expect(console.complaints).toBe("");
  return console.printed;
}

describe("help", () => {
  test("lists every command with its summary, in columns", async () => {
    const text = await explained();
    for (const { name, summary } of [...COMMANDS, help]) {
      expect(text).toContain(`\n  ${name.padEnd("version".length)}  ${summary}\n`);
    }
    expect(text).toContain("\nUsage: gateway COMMAND [FLAGS]\n");
  });

  test("explains `check`", async () => {
    expect(await explained("check"))
      .toBe(`check: say whether a configuration is valid, and what is wrong with it

Usage: gateway check [FILE] [FLAGS]

  --config FILE  the configuration file; the same as naming it
  --strict       exit with 1 for warnings too

Prints every error at once with its place, and warnings for what is valid and probably not
meant. Starts nothing.

Exit codes: 0 valid, with or without warnings; 1 invalid, or with --strict any warning; 2 the file
cannot be read or the command line was not understood.
`);
  });

  test("explains a command without flags", async () => {
    expect(await explained("version")).toBe(`version: print the version

Usage: gateway version

Prints the gateway's version, the commit it was built from, and the runtime inside.
`);
  });

  test("explains itself", async () => {
    expect(await explained("help")).toStartWith(
      "help: explain a command\n\nUsage: gateway help [COMMAND]\n",
    );
  });

  test.each([...COMMANDS, help].map((command) => [command.name, command] as const))(
    "tells every flag of `%s`",
    async (name, { flags, summary, details }) => {
      const text = await explained(name);
      expect(text).toStartWith(`${name}: ${summary}\n\nUsage: gateway ${name}`);
      expect(text).toEndWith(`${details}\n`);
      for (const [flag, { value, summary: words }] of Object.entries(flags)) {
        expect(text).toMatch(
          new RegExp(`^  --${flag}${value === undefined ? "" : ` ${value}`} +`, "m"),
        );
        expect(text).toContain(words);
      }
    },
  );

  test("shows a switch without a value", async () => {
    const quiet = commandWith({ name: "try", flags: { quiet: { summary: "say less" } } });
    const console = new FakeConsole();
    await helpCommand([quiet]).run(given({ operands: ["try"] }), console);
    expect(console.printed).toContain("\n  --quiet  say less\n");
  });
});

describe("an unknown command", () => {
  test.each([
    ["sevre", "unknown command sevre, did you mean serve?"],
    ["Check", "unknown command Check, did you mean check?"],
    ["xyzzyplugh", "unknown command xyzzyplugh"],
  ])("%s is told with the nearest, and where to look", async (name, words) => {
    const told = `${words}\n\`gateway help\` lists the commands`;
    expect(await refusal(() => findCommand(COMMANDS, name))).toBe(told);
    expect(await refusal(() => explained(name))).toBe(told);
  });
});
