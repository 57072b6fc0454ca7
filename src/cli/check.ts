import { backendUrls } from "../config/backend-urls.ts";
import type { Command } from "./command.ts";
import { count, findConfigFile, readConfigFile, report } from "./config-file.ts";

export const check: Command = {
  name: "check",
  summary: "check a configuration and report its errors",
  operands: "[FILE]",
  maxOperands: 1,
  flags: {
    config: { value: "FILE", short: "c", summary: "the configuration file; the same as naming it" },
    strict: { summary: "exit with 1 for warnings too" },
  },
  details: `Without FILE, reads config/gateway.yaml or ./gateway.yaml; - is standard input. Prints all errors at
once with their positions, and warnings for what is valid but probably not meant. Starts nothing.

Exit codes: 0 valid, with or without warnings; 1 invalid, or with --strict any warning; 2 the file
cannot be read, or invalid command line.`,
  examples: [
    ["gateway check", "checks the file that `gateway serve` would read"],
    ["gateway check --strict staging.yaml", "checks another one, for a pipeline"],
    ["envsubst < in.yaml | gateway check -", "checks what another program writes"],
  ],
  async run(input, console) {
    const file = findConfigFile(input);
    const read = await readConfigFile(file, console);
    if (read === undefined) return 1;
    const { config, warnings } = read;
    report(warnings, console);
    const backends = backendUrls(config);
    const parts = [count(config.routes.length, "route"), count(backends.size, "backend")];
    if (warnings.length > 0) parts.push(count(warnings.length, "warning"));
    console.out(`${file} is valid: ${parts.join(", ")}\n`);
    return warnings.length > 0 && input.flags["strict"] !== undefined ? 1 : 0;
  },
};
