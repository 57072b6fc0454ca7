import { writeSync } from "node:fs";
import { parseArguments } from "./cli/args.ts";
import { check } from "./cli/check.ts";
import { type Console, UsageError } from "./cli/command.ts";
import { demo } from "./cli/demo.ts";
import { findCommand, helpCommand } from "./cli/help.ts";
import { mock } from "./cli/mock.ts";
import { serve } from "./cli/serve.ts";
import { version } from "./cli/version.ts";

const commands = [serve, check, mock, demo, version];
const help = helpCommand(commands);

// What people type who have not read anything yet.
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["--help", "help"],
  ["-h", "help"],
  ["--version", "version"],
  ["-v", "version"],
]);

const processConsole: Console = {
  // Written at once: the process may end right after.
  out: (text) => void writeSync(1, text),
  err: (text) => void writeSync(2, text),
  environment: process.env,
  color: process.stdout.isTTY && process.env["NO_COLOR"] === undefined,
  onStopSignal(listener) {
    process.on("SIGTERM", () => listener("SIGTERM"));
    process.on("SIGINT", () => listener("SIGINT"));
  },
  onReloadSignal: (listener) => void process.on("SIGHUP", listener),
};

async function main(written: readonly string[], console: Console): Promise<number> {
  const [first = "help", ...rest] = written;
  try {
    const command = findCommand([...commands, help], ALIASES.get(first) ?? first);
    if (rest.includes("--help") || rest.includes("-h")) {
      return await help.run({ operands: [command.name], flags: {} }, console);
    }
    return await command.run(parseArguments(command, rest), console);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.err(`gateway: ${error.message}\n`);
    return 2;
  }
}

process.exit(await main(process.argv.slice(2), processConsole));
