import type { Command } from "./command.ts";
import { findConfigFile, readConfigFile } from "./config-file.ts";
import { runGateway } from "./run-gateway.ts";

export const serve: Command = {
  name: "serve",
  summary: "run the gateway",
  operands: "",
  maxOperands: 0,
  flags: {
    config: {
      value: "FILE",
      summary: "the configuration; without it config/gateway.yaml or ./gateway.yaml",
    },
  },
  details: `Runs until SIGTERM or SIGINT, then lets requests in flight finish within
server.shutdown_timeout. A second signal ends it at once. SIGHUP reads the configuration again;
if it is not valid, the one in force stays.

Exit codes: 0 stopped in order; 1 the configuration is invalid, a port is taken, or requests had
to be cut at the end; 2 the command line was not understood.`,
  async run({ flags }, console) {
    const file = findConfigFile(flags["config"]);
    const read = await readConfigFile(file, console);
    if (read === undefined) return 1;
    return runGateway(read.config, console, {
      configuration: file,
      warnings: read.warnings,
      reread: () => readConfigFile(file, console),
    });
  },
};
