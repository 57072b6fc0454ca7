import { loadConfig } from "../../../src/config/load.ts";
import type { Config } from "../../../src/config/schema.ts";
import type { SocketEvents } from "../../../src/pipeline/socket.ts";
import { problemMaker } from "../../../src/pipeline/problems.ts";
import { BufferBudget } from "../../../src/proxy/buffer-budget.ts";
import { Tunnels } from "../../../src/proxy/tunnel.ts";
import { Gateway, type Listener, type OwnPages } from "../../../src/runtime/gateway.ts";
import { Lifetimes } from "../../../src/runtime/lifetimes.ts";
import { compileSnapshot } from "../../../src/runtime/snapshot/compile.ts";
import { retireInSteps } from "../../../src/runtime/snapshot/retire.ts";
import type { Snapshot } from "../../../src/runtime/snapshot/snapshot.ts";
import { type ExchangeRecord, toRecord } from "../../../src/telemetry/record.ts";
import { runThrough } from "../../../src/time/slices.ts";
import { HealthMonitor } from "../../../src/upstream/health/monitor.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { network, type Sent } from "../proxy/network.ts";

/** A configuration from its text; throws its errors. */
export function configFrom(text: string): Config {
  const { config, diagnostics } = loadConfig("gateway.yaml", text, {});
  if (config === undefined) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  return config;
}

/** Gives up at once what a snapshot holds of that which outlives it. */
export function retireSnapshot(snapshot: Snapshot): void {
  runThrough(retireInSteps(snapshot));
}

export interface WorldOptions {
  readonly config?: string;
  readonly answer?: (sent: Sent) => Response | Promise<Response>;
  readonly ownPages?: OwnPages;
  /** Stands in place of what the configuration compiles to. */
  readonly change?: (snapshot: Snapshot) => Snapshot;
}

/** A gateway without sockets, in a world that the test owns. */
export function world({
  config = `routes: [{ path: "/api/*", backends: ["http://backend.test:9001"] }]`,
  answer = () => new Response("from the backend", { headers: { "content-length": "16" } }),
  ownPages = () => undefined,
  change = (snapshot) => snapshot,
}: WorldOptions = {}) {
  const clock = new FakeClock();
  const { transport, sent } = network(answer);
  const records: ExchangeRecord[] = [];
  const crashes: { requestId: string; error: unknown }[] = [];
  const timeouts: number[] = [];
  const upgrades: { events: SocketEvents; headers: Headers }[] = [];
  const peer: { address: string | null } = { address: "192.0.2.1" };
  const monitor = new HealthMonitor({
    clock,
    random: () => 0.5,
    probe: async () => ({ status: 200, location: undefined }),
    onChange: () => {},
    warn: () => {},
  });
  const toProblem = problemMaker(({ requestId }, error) => crashes.push({ requestId, error }));
  const budget = new BufferBudget(1_000_000);
  const tunnels = new Tunnels();
  const lifetimes = new Lifetimes();
  const services = {
    clock,
    random: () => 0.5,
    log: () => {},
    lifetimes,
    transport,
    monitor,
    toProblem,
    budget,
    tunnels,
  };
  const compile = (text: string) => change(compileSnapshot(configFrom(text), services));
  let ids = 0;
  const gateway = new Gateway({
    snapshot: compile(config),
    ownPages,
    clock,
    via: "1.1 gateway-1a2b3c4d",
    newRequestId() {
      ids += 1;
      return `id-${ids}`;
    },
    onEnd: (exchange) => records.push(toRecord(exchange, clock.monotonic())),
  });
  const listener: Listener = {
    idleSeconds: 65,
    requestIP: () => (peer.address === null ? null : { address: peer.address, port: 40_000 }),
    timeout: (_request, seconds) => timeouts.push(seconds),
    upgrade(_request, events, headers) {
      upgrades.push({ events, headers });
      return true;
    },
  };
  return {
    clock,
    sent,
    records,
    crashes,
    timeouts,
    upgrades,
    tunnels,
    peer,
    monitor,
    lifetimes,
    services,
    gateway,
    compile,
    ask: (url: string, init: RequestInit = {}) => {
      const full = url.startsWith("/") ? `http://gateway.test${url}` : url;
      const headers = new Headers(init.headers);
      if (!headers.has("host")) headers.set("host", new URL(full).host);
      return gateway.handle(new Request(full, { ...init, headers }), listener);
    },
  };
}
