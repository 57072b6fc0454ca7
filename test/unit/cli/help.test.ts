import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { check } from "../../../src/cli/check.ts";
import { demo } from "../../../src/cli/demo.ts";
import { helpCommand } from "../../../src/cli/help.ts";
import { init } from "../../../src/cli/init.ts";
import { mock } from "../../../src/cli/mock.ts";
import { proxy } from "../../../src/cli/proxy.ts";
import { serve } from "../../../src/cli/serve.ts";
import { PLACEHOLDERS } from "../../../src/pipeline/placeholders.ts";
import { version } from "../../../src/cli/version.ts";
import { commandWith, FakeConsole, given, refusal } from "./fake-console.ts";

const COMMANDS = [serve, check, init, proxy, demo, mock, version];
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

  test("shows three ways to begin", async () => {
    const text = await explained();
    for (const way of ["demo", "proxy --to http://localhost:3000", "init"]) {
      expect(text).toContain(`\n  gateway ${way}  `);
    }
  });

  test("of the configuration takes a key, and of a command nothing more", async () => {
    expect(await explained("config", "server.port")).toStartWith("  server.port: ");
    expect(await refusal(() => explained("serve", "server.port"))).toBe(
      'unexpected argument "server.port" for `help serve`',
    );
  });

  test("explains a key of the configuration that is not the name of a command", async () => {
    expect(await explained("acme")).toBe(await explained("config", "acme"));
    expect(await explained("routes.protocol")).toStartWith("  routes[].protocol: ");
    expect(await refusal(() => explained("nothing"))).toStartWith("unknown command nothing");
  });

  test("says what a key of another gateway is here", async () => {
    expect(await explained("proxy_next_upstream")).toStartWith(
      "  proxy_next_upstream: that is `retry`: ",
    );
    expect(await explained("worker_processes")).toStartWith("  worker_processes: the gateway runs");
  });

  test("explains a key whose name is another word for a command, and points to one of its name", async () => {
    expect(await explained("validate")).toStartWith("  routes[].validate: ");
    expect(await explained("proxy")).toEndWith(
      "\n`gateway help config proxy` explains the key of the configuration.\n",
    );
    expect(await explained("ldap")).toContain("there is no such kind of provider");
  });

  test("lists the placeholders, all of which the documentation explains", async () => {
    const text = await explained("placeholders");
    const guide = await Bun.file(join(import.meta.dir, "../../../docs/traffic.md")).text();
    expect(PLACEHOLDERS.length).toBeGreaterThan(15);
    for (const placeholder of PLACEHOLDERS) {
      expect(text).toContain(placeholder);
      expect(guide).toContain(`\`${placeholder}\``);
    }
  });

  test("explains a command with its flags, its exit codes and examples", async () => {
    expect(await explained("check")).toBe(`check: check a configuration and report its errors

Usage: gateway check [FILE] [FLAGS]

  -c, --config FILE  the configuration file; the same as naming it
  --strict           exit with 1 for warnings too

Without FILE, reads config/gateway.yaml or ./gateway.yaml; - is standard input. Prints all errors at
once with their positions, and warnings for what is valid but probably not meant. Starts nothing.

Exit codes: 0 valid, with or without warnings; 1 invalid, or with --strict any warning; 2 the file
cannot be read, or invalid command line.

Examples:
  gateway check                         checks the file that \`gateway serve\` would read
  gateway check --strict staging.yaml   checks another one, for a pipeline
  envsubst < in.yaml | gateway check -  checks what another program writes

More: \`gateway help config\`, and the project's README.md and docs/.
`);
  });

  test("explains a command without flags", async () => {
    const bare = commandWith({ name: "try" });
    const console = new FakeConsole();
    await helpCommand([bare]).run(given({ operands: ["try"] }), console);
    expect(console.printed).toBe(`try: try something

Usage: gateway try

Nothing more.

Examples:
  gateway try  tries

More: \`gateway help config\`, and the project's README.md and docs/.
`);
  });

  test("explains itself", async () => {
    expect(await explained("help")).toStartWith(
      "help: explain a command, or the configuration: help config\n\nUsage: gateway help [COMMAND | config [KEY]]\n",
    );
  });

  test.each([...COMMANDS, help].map((command) => [command.name, command] as const))(
    "lists every flag of `%s`",
    async (name, { flags, summary, details, examples }) => {
      const text = await explained(name);
      expect(text).toStartWith(`${name}: ${summary}\n\nUsage: gateway ${name}`);
      expect(text).toContain(`\n${details}\n\nExamples:\n`);
      expect(examples).not.toBeEmpty();
      for (const [flag, { value, summary: words }] of Object.entries(flags)) {
        expect(text).toMatch(
          new RegExp(`^  (?:-\\w, )?--${flag}${value === undefined ? "" : ` ${value}`} +`, "m"),
        );
        expect(text).toContain(words);
      }
    },
  );

  test("has every command in the README's table", async () => {
    const readme = await Bun.file(join(import.meta.dir, "../../../README.md")).text();
    for (const { name } of [...COMMANDS, help]) {
      expect(readme).toMatch(new RegExp(`^\\| \`gateway ${name}\\b.*\` \\| .+ \\|$`, "m"));
    }
  });

  test("shows a switch without a value", async () => {
    const quiet = commandWith({ name: "try", flags: { quiet: { summary: "say less" } } });
    const console = new FakeConsole();
    await helpCommand([quiet]).run(given({ operands: ["try"] }), console);
    expect(console.printed).toContain("\n  --quiet  say less\n");
  });
});
