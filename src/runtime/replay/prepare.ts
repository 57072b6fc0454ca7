import { randomUUID } from "node:crypto";
import type { Config, RouteConfig, UpstreamKeys } from "../../config/schema.ts";
import { fieldOf } from "../../http/field.ts";
import { RequestFields } from "../../http/request-fields.ts";
import { decodedTarget, targetOf } from "../../http/target.ts";
import { Cancellation } from "../../pipeline/cancellation.ts";
import { Exchange } from "../../pipeline/exchange.ts";
import { IncomingContent } from "../../pipeline/incoming-content.ts";
import type { PolicyDefinition } from "../../pipeline/policy.ts";
import { policyRegistry } from "../../policies/registry.ts";
import { conditionsOf } from "../../routing/conditions/of-route.ts";
import { routeIds } from "../../routing/route-ids.ts";
import { RouteTable } from "../../routing/table.ts";
import type { Clock } from "../../time/clock.ts";
import { runThrough } from "../../time/slices.ts";
import { inertServices } from "../inert-services.ts";
import { forwardSettings } from "../snapshot/forward-settings.ts";
import { type ClientsRequest, clientsRequest } from "./client-request.ts";
import { backendPlace, namedPlace, type Place } from "./destination.ts";
import type { LoggedExchange } from "./logged-exchange.ts";
import { ReplayError } from "./replay-error.ts";
import { MARK, type Sending } from "./sending.ts";
import type { Wanted } from "./wanted.ts";

/** Kinds of policies that change what a backend is asked. They need nothing but the request. */
const CHANGING: ReadonlySet<string> = new Set([
  "strip_prefix",
  "rewrite",
  "host",
  "transform_request",
]);

/** Milliseconds for an answer where no configuration says. */
const USUAL_TIMEOUT = 30_000;

/**
 * Makes the request to be sent: with a configuration that has the row's route, as the gateway would send it
 * today. Throws a ReplayError.
 */
export function prepareReplay(
  logged: LoggedExchange,
  wanted: Wanted,
  config: Config | undefined,
  clock: Clock,
): Sending {
  const request = clientsRequest(logged, wanted);
  const route = config && routeOf(config, logged.route);
  const keys = config && route && upstreamOf(config, route, logged.upstream);
  const place = placeFor(logged, wanted, keys);
  const notes = [...request.notes];
  if (route === undefined) {
    const why =
      config === undefined
        ? "without its configuration"
        : `the configuration has no route ${logged.route} any more`;
    notes.push(`${why}: sent as the client sent it`);
  }
  const isUnchanged = route === undefined || config === undefined || wanted.isUnchanged === true;
  const asked = isUnchanged
    ? asReceived(request, wanted)
    : asForwarded({ logged, request, wanted, route, config, keys, clock });
  const timeout = route?.timeouts?.response ?? config?.server.timeouts.response ?? USUAL_TIMEOUT;
  return {
    origin: place.address.socketPath ?? place.address.origin,
    to: place.to,
    method: asked.method,
    target: place.address.basePath + asked.path + asked.query,
    fields: [...asked.fields, MARK, `${logged.id}`],
    content: asked.content,
    timeout,
    notes,
  };
}

function placeFor(
  { backend }: LoggedExchange,
  { to, isInsecure = false }: Wanted,
  keys: UpstreamKeys | undefined,
): Place {
  if (to !== undefined) return namedPlace(to, isInsecure);
  if (backend !== "") return backendPlace(backend, keys);
  throw new ReplayError("invalid", "the request reached no backend; name one with `--to URL`");
}

function routeOf(config: Config, id: string): RouteConfig | undefined {
  const patterns = config.routes.map((route) => ({ path: route.path, ...conditionsOf(route) }));
  const at = runThrough(routeIds(patterns)).indexOf(id);
  return config.routes[at];
}

function upstreamOf(config: Config, route: RouteConfig, name: string): UpstreamKeys | undefined {
  return name === "" ? route : config.upstreams?.[name];
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly fields: readonly string[];
  readonly content: Uint8Array | undefined;
}

function asReceived(
  { method, path, query, host, isHostGiven, fields, content }: ClientsRequest,
  { to }: Wanted,
): Asked {
  const flat = fields.flatMap(({ name, value }) => (name === MARK ? [] : [name, value]));
  if (host !== "" && (to === undefined || isHostGiven)) flat.push("host", host);
  return { method, path, query, fields: withLength(flat, content), content };
}

function withLength(fields: readonly string[], content: Uint8Array | undefined): string[] {
  return content === undefined ? [...fields] : [...fields, "content-length", `${content.length}`];
}

interface Forwarded {
  readonly logged: LoggedExchange;
  readonly request: ClientsRequest;
  readonly wanted: Wanted;
  readonly route: RouteConfig;
  readonly config: Config;
  readonly keys: UpstreamKeys | undefined;
  readonly clock: Clock;
}

/** The request after the policies of its route that change it. */
function asForwarded(given: Forwarded): Asked {
  const { request, wanted, route, config, keys, clock } = given;
  const exchange = exchangeFor(given);
  exchange.outgoingRules = forwardSettings(route, config.server, {
    preserve_host: keys?.preserve_host ?? true,
  });
  for (const definition of policyRegistry as readonly PolicyDefinition[]) {
    const scope = CHANGING.has(definition.name) ? definition.route : undefined;
    const own: unknown = scope && Reflect.get(route, scope.key);
    if (scope === undefined || own === undefined) continue;
    const policy = scope.create(own, inertServices(clock), exchange.route);
    void policy?.request?.(exchange);
  }
  const { outgoing } = exchange;
  outgoing.remove(MARK);
  // Another place has its own host.
  if (wanted.to !== undefined && !request.isHostGiven) outgoing.leaveHostToBackend();
  const content = editedContent(exchange, request.content);
  const { method, path, query } = outgoing;
  const fields = outgoing.fields.filter((_, at, all) => !isLength(all[at - (at % 2)] ?? ""));
  return { method, path, query, fields: withLength(fields, content), content };
}

const isLength = (name: string): boolean => name === "content-length";

function editedContent(
  { outgoing }: Exchange,
  content: Uint8Array | undefined,
): Uint8Array | undefined {
  const { contentEdit } = outgoing;
  if (contentEdit === undefined || content === undefined) return content;
  if (content.length > contentEdit.largest) return content;
  return contentEdit.edit(content) ?? content;
}

/** An exchange as the client's request would open it. */
function exchangeFor({ logged, request, route, config, clock }: Forwarded): Exchange {
  const { method, path, query, host, fields, content } = request;
  const peer = logged.client === "" ? "127.0.0.1" : logged.client;
  const protocol = logged.isEncrypted ? "https" : "http";
  const all = host === "" ? fields : [fieldOf("host", host), ...fields];
  const target = targetOf(method, path + query, host === "" ? null : host);
  if (target.refusal !== undefined) throw new ReplayError("invalid", target.refusal.problem);
  const exchange = new Exchange({
    request: {
      method,
      target: path + query,
      protocol: "HTTP/1.1",
      fields: all,
      content: content && whole(content),
      connection: { peer, peerPort: 0, tls: undefined, isOpen: true },
      refusal: undefined,
      cancellation: new Cancellation(),
      interim: () => {},
    },
    fields: new RequestFields(all),
    target,
    client: { peer, address: peer, protocol, peerProtocol: protocol, viaTrustedProxy: false },
    requestId: randomUUID(),
    startedAt: clock.wall(),
    started: clock.monotonic(),
    onEnd: () => {},
  });
  exchange.route = logged.route;
  exchange.upstream = logged.upstream;
  const slashes = route.encoded_slashes ?? config.server.encoded_slashes;
  const pattern = { path: route.pattern.path, pattern: route.pattern };
  const match = RouteTable.compile([pattern], slashes).match(method, exchange);
  if (match.kind === "route") {
    exchange.parameters = match.parameters;
    if (match.path !== undefined) exchange.target = decodedTarget(target, match.path);
  }
  return exchange;
}

function whole(content: Uint8Array): IncomingContent {
  const incoming = new IncomingContent(content.length, {
    pause: () => {},
    resume: () => {},
    abandon: () => {},
  });
  incoming.push(content);
  incoming.finish();
  return incoming;
}
