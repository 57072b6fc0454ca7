import { join, resolve } from "node:path";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { RunningGateway } from "../server/start.ts";
import { integerFlag } from "./args.ts";
import { type Arguments, type Command, type Console, UsageError } from "./command.ts";
import { portTrouble } from "./ports.ts";
import { runGateway } from "./run-gateway.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const BACKEND = "a backend is named by --to, like --to http://localhost:3000";
const ADDRESS = "the address is named by --host and --port";

export const proxy: Command = {
  name: "proxy",
  summary: "run the gateway in front of a backend, without a configuration",
  operands: "[URL...]",
  maxOperands: Number.POSITIVE_INFINITY,
  flags: {
    to: {
      value: "URL",
      repeatable: true,
      summary: "the backend; several share the requests (3000 is http://localhost:3000)",
    },
    port: {
      value: "PORT",
      short: "p",
      summary: "the port to listen on (8080); 0 takes a free one",
    },
    host: { value: "HOST", summary: "the address to listen on (127.0.0.1)" },
    database: { value: "FILE", summary: "keep the access log in this SQLite file" },
  },
  elsewhere: {
    // Flags of Caddy and others.
    from: ADDRESS,
    listen: ADDRESS,
    l: ADDRESS,
    upstream: BACKEND,
    backend: BACKEND,
    target: BACKEND,
    url: BACKEND,
    config: "it needs no configuration; to run one: gateway serve FILE",
    c: "it needs no configuration; to run one: gateway serve FILE",
  },
  details: `Sends every path to the backend, /health and /admin too. An http backend gets the client's Host, an
https one its own. Several backends take turns, and are asked for /health every 10 s; one that fails
gets no requests until it succeeds again. Without --database the access log is a temporary file.

For anything else, write a configuration: \`gateway init\`. Runs until SIGINT (Ctrl-C), SIGTERM or SIGHUP.`,
  examples: [
    ["gateway proxy --to http://localhost:3000", "http://127.0.0.1:8080 in front of port 3000"],
    ["gateway proxy --to 3000 --to 3001 -p 80", "two backends, on port 80"],
    ["gateway proxy --to 3000 --host 0.0.0.0", "for other machines as well"],
  ],
  signals: "stop",
  async run(input, console) {
    const wanted = read(input);
    const trouble = portTrouble(wanted.host, wanted.port);
    if (trouble !== undefined) {
      console.err(
        `gateway: cannot listen on ${wanted.host}:${wanted.port}: ${trouble}; choose another address with --port and --host\n`,
      );
      return 1;
    }
    const folder = wanted.database === undefined ? temporaryFolder("gateway-proxy-") : undefined;
    const database = wanted.database ?? join(folder?.path ?? "", "gateway.db");
    try {
      const config = configFor(wanted, database, console);
      return await runGateway(config, console, {
        configuration: "the command line",
        onReady: (gateway) => console.out(introduction(gateway, wanted, database)),
      });
    } finally {
      folder?.remove();
    }
  },
};

/** The settings on the command line. */
interface Wanted {
  readonly urls: readonly string[];
  readonly host: string;
  readonly port: number;
  readonly database: string | undefined;
}

function read({ operands, flags, lists }: Arguments): Wanted {
  const urls = [...(lists["to"] ?? []), ...operands].map(asUrl);
  if (urls.length === 0) {
    throw new UsageError("name a backend: gateway proxy --to http://localhost:3000");
  }
  const twice = urls.find((url, index) => urls.indexOf(url) !== index);
  if (twice !== undefined) throw new UsageError(`the backend ${twice} is given twice`);
  return {
    urls,
    host: flags["host"] ?? "127.0.0.1",
    port: integerFlag(flags, "port", { default: 8080, minimum: 0, maximum: 65_535 }),
    database: flags["database"],
  };
}

/** A backend's URL from its short forms: `3000`, `:3000`, `localhost:3000`. */
function asUrl(written: string): string {
  if (/^:?[0-9]+$/.test(written)) return `http://localhost:${written.replace(":", "")}`;
  return /^(?:[a-z][a-z0-9+.-]*:\/\/|unix:)/i.test(written) ? written : `http://${written}`;
}

/** Throws a UsageError for an invalid value. */
function configFor({ urls, host, port }: Wanted, database: string, console: Console): Config {
  const backends = urls.map(literally);
  // Routes for the paths of the gateway's own pages take them from it.
  const routes = ["/*", "/health", "/admin/*"].map((path) => ({
    path,
    backends,
    // An https site is selected by its Host.
    preserve_host: !urls.some((url) => /^https:/i.test(url)),
  }));
  const text = JSON.stringify({
    server: { host: literally(host), port },
    logging: { database: literally(database) },
    // The only backend gets all requests in any case.
    health_check: { enabled: urls.length > 1 },
    routes,
  });
  const { config, diagnostics } = loadConfig("the command line", text, {});
  // Each backend is part of every route.
  const messages = [...new Set(diagnostics.map(({ message }) => message))];
  if (config === undefined) throw new UsageError(messages.join("\n"));
  for (const message of messages) console.err(`gateway: warning: ${message}\n`);
  return config;
}

/** Escapes text that looks like an environment variable. */
function literally(text: string): string {
  return text.replaceAll("${", "$${");
}

function introduction(
  { url, adminUrl }: RunningGateway,
  { urls, host, database: kept }: Wanted,
  database: string,
): string {
  // A single backend is not checked: it gets the requests in any case.
  const health =
    urls.length > 1 ? `  backends    ${adminUrl}/admin/backends shows which are healthy\n` : "";
  const isLocal = ["127.0.0.1", "::1", "localhost"].includes(host);
  const log =
    kept === undefined ? `${database}, deleted at exit; --database FILE keeps it` : resolve(kept);
  return `
${url} sends everything to ${urls.join(", ")}
  for         ${isLocal ? "this machine only; --host 0.0.0.0 lets others in" : "anyone who can reach it"}
  access log  ${log}
${health}Press Ctrl-C to stop.

`;
}
