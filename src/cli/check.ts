import type { Command } from "./command.ts";
import { findConfigFile, readConfigFile } from "./config-file.ts";

export const check: Command = {
  name: "check",
  summary: "say whether a configuration is valid, and what is wrong with it",
  operands: "[FILE]",
  maxOperands: 1,
  flags: { config: { value: "FILE", summary: "the configuration file; the same as naming it" } },
  details: "Every error is printed at once with its place. Nothing is started. Exit code 0 or 1.",
  async run({ operands, flags }, console) {
    const file = findConfigFile(operands[0] ?? flags["config"]);
    const config = await readConfigFile(file, console);
    if (config === undefined) return 1;
    const backends = new Set(
      config.routes.flatMap(({ backends }) => backends.map(({ url }) => url)),
    );
    console.out(
      `${file} is valid: ${count(config.routes.length, "route")}, ${count(backends.size, "backend")}\n`,
    );
    return 0;
  },
};

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
