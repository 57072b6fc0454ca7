import { loadConfig } from "../../../src/config/load.ts";
import type { Config } from "../../../src/config/schema.ts";
import type { ClientRequest } from "../../../src/pipeline/client-request.ts";
import { GatewayError } from "../../../src/pipeline/errors.ts";
import { TraceIds } from "../../../src/pipeline/trace.ts";
import { problemMaker } from "../../../src/pipeline/problems.ts";
import { Tunnels } from "../../../src/proxy/tunnel/tunnel.ts";
import { Gateway, type OwnPages } from "../../../src/runtime/gateway.ts";
import { Lifetimes } from "../../../src/runtime/lifetimes.ts";
import { compileSnapshot } from "../../../src/runtime/snapshot/compile.ts";
import { retireInSteps } from "../../../src/runtime/snapshot/retire.ts";
import type { Snapshot } from "../../../src/runtime/snapshot/snapshot.ts";
import { DecisionKeeper } from "../../../src/telemetry/decisions/keeper.ts";
import { type ExchangeRecord, toRecord } from "../../../src/telemetry/record.ts";
import { runThrough } from "../../../src/time/slices.ts";
import { HealthMonitor } from "../../../src/upstream/health/monitor.ts";
import {
  asResponse,
  clientRequest,
  contentOfBody,
  fieldsFrom,
} from "../../support/client-request.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { noLink } from "../../support/fake-links.ts";
import { noNetwork } from "../../support/policy-services.ts";
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
  const decisions = new DecisionKeeper((error) => {
    throw error;
  });
  const crashes: { requestId: string; error: unknown }[] = [];
  const peer = { address: "192.0.2.1" };
  const monitor = new HealthMonitor({
    clock,
    random: () => 0.5,
    probe: async () => ({ status: 200, location: undefined }),
    onChange: () => {},
    warn: () => {},
  });
  const toProblem = problemMaker(({ requestId }, error) => crashes.push({ requestId, error }));
  const tunnels = new Tunnels();
  const lifetimes = new Lifetimes();
  const services = {
    clock,
    random: () => 0.5,
    ownSecret: "a secret of the process",
    log: () => {},
    lifetimes,
    transport,
    monitor,
    toProblem,
    tunnels,
    fetch: noNetwork,
    openLink: noLink,
    traceIds: new TraceIds((bytes) => crypto.getRandomValues(bytes)),
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
    onEnd(exchange) {
      decisions.keep(exchange, clock.monotonic());
      records.push(toRecord(exchange, clock.monotonic()));
    },
  });
  return {
    clock,
    sent,
    records,
    crashes,
    tunnels,
    peer,
    monitor,
    lifetimes,
    services,
    gateway,
    compile,
    /** Asks as a client does; `target` may be a URL. */
    ask: async (target: string, { signal, ...asked }: Asked = {}) => {
      const exchange = await gateway.handle(requestFor(target, asked, peer.address, signal));
      return asResponse(exchange.answer, exchange);
    },
  };
}

interface Asked {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>;
  /** Aborts when the client leaves. */
  readonly signal?: AbortSignal;
}

function requestFor(
  target: string,
  { method = "GET", headers = {}, body }: Asked,
  peer: string,
  signal?: AbortSignal,
): ClientRequest {
  const url = target.startsWith("/") ? undefined : new URL(target);
  const named = new Map(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  if (!named.has("host")) named.set("host", url?.host ?? "gateway.test");
  const fields = fieldsFrom([...named]);
  const request = clientRequest({
    method,
    target: url === undefined ? target : url.pathname + url.search,
    fields,
    connection: { peer },
    ...(body !== undefined && { content: contentOfBody(body, fields) }),
  });
  signal?.addEventListener("abort", () =>
    request.cancellation.cancel(new GatewayError("client_closed", "the client left")),
  );
  return request;
}
