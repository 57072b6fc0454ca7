import { join } from "node:path";
import demoText from "../../config/gateway.yaml" with { type: "text" };
import { type MockBackend, startMock } from "../../mock/server.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { Command, Console } from "./command.ts";
import { portTrouble } from "./ports.ts";
import { runGateway } from "./run-gateway.ts";
import { temporaryFolder } from "./temporary-folder.ts";

const HOST = "127.0.0.1";
const MOCKS = [
  { name: "UserService-1", port: 9001 },
  { name: "UserService-2", port: 9002 },
  { name: "OrderService", port: 9003 },
];

export const demo: Command = {
  name: "demo",
  summary: "run a gateway and three mock backends, all in one process, to look around",
  operands: "",
  maxOperands: 0,
  flags: {},
  details: `Needs nothing and leaves nothing behind: the configuration is built in, the access log is a
temporary file, and taken ports are replaced by free ones. Runs until SIGINT (Ctrl-C), SIGTERM or
SIGHUP.`,
  examples: [["gateway demo", "prints what to try in another terminal"]],
  signals: "stop",
  async run(_, console) {
    const folder = temporaryFolder("gateway-demo-");
    const mocks = MOCKS.map(({ name, port }) => startMockSomewhere(name, port, console));
    try {
      const config = demoConfig(mocks, join(folder.path, "gateway.db"), console);
      return await runGateway(config, console, {
        configuration: "the demo",
        onReady: ({ url }) => console.out(invitation(url, config.logging.database)),
      });
    } finally {
      await Promise.all(mocks.map((backend) => backend.stop()));
      folder.remove();
    }
  },
};

function startMockSomewhere(name: string, port: number, console: Console): MockBackend {
  const free = freePort(port, console);
  return startMock({ port: free, host: HOST, name, latency: 0, failRate: 0 });
}

/** The port itself, or 0, with a note to the user, if another process has it. */
function freePort(port: number | "off", console: Console): number {
  if (port === "off") return 0;
  if (portTrouble(HOST, port) === undefined) return port;
  console.out(`port ${port} is taken; using a free one instead\n`);
  return 0;
}

function demoConfig(mocks: readonly MockBackend[], database: string, console: Console): Config {
  const { config } = loadConfig("the demo's configuration", demoText, {});
  if (config === undefined) throw new Error("the built-in configuration is invalid");
  const moved = new Map(
    MOCKS.map(({ port }, index) => [`http://localhost:${port}`, mocks[index]?.url ?? ""]),
  );
  return {
    ...config,
    server: { ...config.server, host: HOST, port: freePort(config.server.port, console) },
    logging: { ...config.logging, database },
    routes: config.routes.map((route) => ({
      ...route,
      backends: (route.backends ?? []).map((backend) => ({
        ...backend,
        url: moved.get(backend.url) ?? backend.url,
      })),
    })),
  };
}

function invitation(url: string, database: string): string {
  return `
A gateway with three backends is running. Try, in another terminal:

  curl ${url}/api/users/1        # UserService-1 and UserService-2 take turns
  curl ${url}/api/orders/1       # OrderService
  curl ${url}/health
  curl ${url}/admin/backends     # which are healthy
  curl -i ${url}/nowhere         # what an error looks like
  gateway logs --database ${database}    # every request; stats, top and explain tell more

The log below names the address of the operator's page. Press Ctrl-C to stop.

`;
}
