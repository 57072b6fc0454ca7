import type { Command } from "./command.ts";
import {
  inspectConfigFile,
  findConfigFile,
  reloadConfigFile,
  readConfigFile,
  restoreConfigText,
} from "./config-file.ts";
import { runGateway } from "./run-gateway.ts";

const TLS = "certificates are `server.tls.certificates` in the configuration";
const SERVER_PORT = "the port is `server.port` in the configuration";
const LEVEL = "the level of lines is `logging.level` in the configuration";
const RELOAD = "a running gateway reads its file again on SIGHUP: kill -HUP PID";

export const serve: Command = {
  name: "serve",
  summary: "run the gateway",
  operands: "[FILE]",
  maxOperands: 1,
  flags: {
    config: { value: "FILE", short: "c", summary: "the configuration file; the same as naming it" },
  },
  elsewhere: {
    port: SERVER_PORT,
    p: SERVER_PORT,
    host: "the address is `server.host` in the configuration",
    listen: "the address and port are `server.host` and `server.port` in the configuration",
    tls: TLS,
    https: TLS,
    cert: TLS,
    key: TLS,
    to: "a backend without a configuration: gateway proxy --to URL",
    watch: RELOAD,
    w: RELOAD,
    reload: RELOAD,
    debug: LEVEL,
    d: LEVEL,
    verbose: LEVEL,
    v: LEVEL,
    "log-level": LEVEL,
    daemon: "it runs in the foreground; leave that to systemd, a container or `nohup`",
    t: "to check a configuration: gateway check FILE",
    test: "to check a configuration: gateway check FILE",
  },
  details: `Without FILE, reads config/gateway.yaml or ./gateway.yaml. \`gateway init\` writes a file to start from,
\`gateway help config\` explains every key.

Runs until SIGTERM or SIGINT (Ctrl-C), then lets requests in flight finish within
server.shutdown_timeout. A second signal cuts requests in flight, a third exits at once.
SIGHUP reloads the configuration; if it is invalid, the current one is kept.

Exit codes: 0 stopped gracefully; 1 invalid configuration, port taken, or requests cut at the end;
2 the file cannot be read, or invalid command line; 3 rows of the access log were lost.`,
  examples: [
    ["gateway serve", "runs config/gateway.yaml or ./gateway.yaml"],
    ["gateway serve staging.yaml", "runs another file"],
    ["kill -HUP PID", "reloads the configuration"],
    [
      `sqlite3 gateway.db "select * from exchanges where time > datetime('now', '-1 hour')"`,
      "shows the last hour of the access log",
    ],
  ],
  signals: "stop and reload",
  async run(input, console) {
    const file = findConfigFile(input);
    const read = await readConfigFile(file, console);
    if (read === undefined) return 1;
    return runGateway(read.config, console, {
      configuration: file,
      warnings: read.warnings,
      source: read.source,
      file: {
        name: file,
        read: (name = file) => reloadConfigFile(name, console.environment),
        restore: restoreConfigText,
        readHere: () => inspectConfigFile(file, console.environment),
      },
    });
  },
};
