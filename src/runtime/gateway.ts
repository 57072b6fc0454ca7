import { identifyClient } from "../http/forwarded.ts";
import { isPreflight } from "../http/preflight.ts";
import { RequestFields } from "../http/request-fields.ts";
import { decodedTarget, targetOf, type TargetRefusal } from "../http/target.ts";
import type { Ending, Handler } from "../pipeline/chain.ts";
import type { ClientRequest, RequestRefusal } from "../pipeline/client-request.ts";
import { type ErrorCode, GatewayError } from "../pipeline/errors.ts";
import { Exchange } from "../pipeline/exchange.ts";
import type { Clock } from "../time/clock.ts";
import { optionsOf } from "./options.ts";
import type { CompiledRoute, Snapshot } from "./snapshot/snapshot.ts";

/**
 * The handler of a request for one of the gateway's own pages (/health, /admin); undefined for others.
 */
export type OwnPages = (exchange: Exchange) => Handler | undefined;

export interface GatewayOptions {
  readonly snapshot: Snapshot;
  readonly ownPages: OwnPages;
  readonly clock: Clock;
  /** This gateway's element of Via for HTTP/1.1; no other gateway has the same name. */
  readonly via: string;
  /** Creates the id of an exchange that arrived without one. */
  readonly newRequestId: () => string;
  /** Called once per exchange, when it is over. */
  readonly onEnd: (exchange: Exchange) => void;
}

/** Takes requests through the current snapshot, and counts those in flight. */
export class Gateway {
  readonly #options: GatewayOptions;
  /** The element of Via for requests that came by HTTP/2 (RFC 9110 section 7.6.3). */
  readonly #viaHttp2: string;
  #snapshot: Snapshot;
  #inFlight = 0;
  #idle: (() => void)[] = [];

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#viaHttp2 = `2.0 ${nameInVia(options.via)}`;
    this.#snapshot = options.snapshot;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Replaces the snapshot. Exchanges in flight keep the one they began with. */
  swap(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
  }

  /** Exchanges whose answer has not ended yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Resolves as soon as no exchange is in flight. */
  whenIdle(): Promise<void> {
    if (this.inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  /** Handles one request. Neither throws nor rejects. */
  handle(request: ClientRequest): Exchange | Promise<Exchange> {
    const snapshot = this.#snapshot;
    const { clock } = this.#options;
    const fields = new RequestFields(request.fields, snapshot.fieldRules);
    const { peer, tls } = request.connection;
    const scheme = tls === undefined ? "http" : "https";
    const client = identifyClient(peer, fields, snapshot.trustedProxies, scheme);
    const exchange = new Exchange({
      request,
      fields,
      target: targetOf(request.method, request.target, fields.host),
      client,
      requestId: this.#requestId(fields, client.viaTrustedProxy),
      startedAt: clock.wall(),
      started: clock.monotonic(),
      onEnd: this.#ended,
    });
    exchange.redaction = snapshot.redaction;
    exchange.configuration = snapshot.configuration;
    const { tracer } = snapshot;
    if (tracer !== undefined) exchange.trace = tracer.begin(fields, client.viaTrustedProxy);
    exchange.noting = snapshot.noting;
    exchange.via = request.protocol === "HTTP/2" ? this.#viaHttp2 : this.#options.via;
    this.#inFlight += 1;
    return this.#run(exchange, snapshot);
  }

  /** Runs the exchange through its chain. Neither throws nor rejects. */
  #run(exchange: Exchange, snapshot: Snapshot): Exchange | Promise<Exchange> {
    try {
      const refusal = refusalOf(exchange);
      if (refusal !== undefined) return snapshot.unrouted.run(exchange, refusing(refusal), leave);
      const page = this.#options.ownPages(exchange);
      if (page !== undefined) return snapshot.bare.run(exchange, page, leave);
      if (this.inFlight > snapshot.maxInFlight) {
        return snapshot.unrouted.run(exchange, refusing(overloaded()), leave);
      }
      return runRoute(exchange, snapshot, leave);
    } catch (error) {
      return leave(exchange, snapshot.toProblem(exchange, error));
    }
  }

  #requestId(fields: RequestFields, trusted: boolean): string {
    const given = trusted ? fields.requestId : null;
    return given !== null && REQUEST_ID.test(given) ? given : this.#options.newRequestId();
  }

  /** A property, so that no closure is made per request. */
  readonly #ended = (exchange: Exchange): void => {
    this.#inFlight -= 1;
    this.#options.onEnd(exchange);
    if (this.inFlight > 0) return;
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  };
}

/** The answer has left the chain. */
const leave: Ending<Exchange> = (exchange, answer) => {
  exchange.answer = answer;
  if (exchange.status === 0) exchange.status = answer.status;
  if (exchange.isNoted(answer.status)) exchange.leftAt = exchange.noting?.now() ?? 0;
  return exchange;
};

function runRoute(
  exchange: Exchange,
  snapshot: Snapshot,
  end: Ending<Exchange>,
): Exchange | Promise<Exchange> {
  const { method } = exchange;
  if (method === "OPTIONS") {
    const asked = preflightMethod(exchange);
    const meant = asked === null ? undefined : snapshot.table.match(asked, exchange);
    if (asked !== null && meant?.kind === "route" && meant.route.chain.answersPreflights) {
      exchange.route = meant.route.id;
      noteAs(exchange, meant.route, snapshot);
      return meant.route.chain.run(exchange, refusing(methodNotAllowed(exchange, asked)), end);
    }
  }
  const match = snapshot.table.match(method, exchange);
  if (match.kind === "route") {
    const { route, parameters } = match;
    exchange.route = route.id;
    exchange.upstream = route.upstreamName;
    exchange.outgoingRules = route.outgoing;
    exchange.parameters = parameters;
    noteAs(exchange, route, snapshot);
    if (match.path !== undefined) exchange.target = decodedTarget(exchange.target, match.path);
    return route.chain.run(exchange, route.forward, end);
  }
  if (exchange.target.path === "*") {
    return snapshot.unrouted.run(exchange, optionsOf(snapshot.table.methods), end);
  }
  if (!snapshot.table.methods.has(method)) {
    return snapshot.unrouted.run(exchange, refusing(notProxied(method)), end);
  }
  if (match.kind === "not_found") {
    const error = notFound(exchange, snapshot.table.dependsOnHost);
    return snapshot.unrouted.run(exchange, refusing(error), end);
  }
  if (match.kind === "invalid_path") {
    const error = new GatewayError("invalid_path", match.problem);
    return snapshot.unrouted.run(exchange, refusing(error), end);
  }
  const error = methodNotAllowed(exchange, match.allow);
  return snapshot.unrouted.run(exchange, refusing(error), end);
}

function noteAs(exchange: Exchange, { trace }: CompiledRoute, { notings }: Snapshot): void {
  if (trace !== undefined) exchange.noting = notings[trace];
}

/** The end of the chain for an exchange that is refused. */
function refusing(error: GatewayError): Handler {
  return {
    handle() {
      throw error;
    },
  };
}

/** The method that a preflight asks about; null for other requests. */
function preflightMethod({ method, fields }: Exchange): string | null {
  return isPreflight(method, fields) ? fields.get("access-control-request-method") : null;
}

function overloaded(): GatewayError {
  return new GatewayError("overloaded", "too many requests in flight (server.max_in_flight)", {
    fields: { "retry-after": "1" },
  });
}

const REQUEST_ID = /^[!-~]{1,128}$/;

/** Why a request cannot be routed at all; undefined if it can. */
function refusalOf(exchange: Exchange): GatewayError | undefined {
  const malformed = exchange.request.refusal;
  if (malformed !== undefined)
    return new GatewayError(MALFORMED[malformed.status], malformed.detail);
  const { refusal } = exchange.target;
  if (refusal !== undefined) return new GatewayError(REFUSED[refusal.part], refusal.problem);
  if (exchange.request.connection.tls?.isMisdirected(exchange.target.host) === true) {
    return new GatewayError(
      "misdirected_request",
      "this connection's certificate is not for this host, and another one is: use a connection of its own",
    );
  }
  const { problem, via } = exchange.fields;
  if (problem !== undefined) return new GatewayError("bad_request", problem);
  if (via?.includes(nameInVia(exchange.via)) === true) {
    return new GatewayError(
      "loop_detected",
      "this request has already passed through this gateway: one of its backends leads back to it",
    );
  }
  return undefined;
}

/** The name in an element of Via, without the version before it. */
function nameInVia(element: string): string {
  return element.slice(element.indexOf(" ") + 1);
}

const MALFORMED = {
  400: "bad_request",
  408: "request_timeout",
  431: "header_too_large",
  501: "coding_not_supported",
  505: "version_not_supported",
} as const satisfies Record<RequestRefusal["status"], ErrorCode>;

const REFUSED = { host: "invalid_host", path: "invalid_path" } as const satisfies Record<
  TargetRefusal["part"],
  string
>;

function notProxied(method: string): GatewayError {
  return new GatewayError(
    "method_not_proxied",
    `${method} requests are not forwarded by this gateway`,
  );
}

function notFound({ target }: Exchange, dependsOnHost: boolean): GatewayError {
  const host = dependsOnHost ? ` of ${target.host === "" ? "no host" : target.host}` : "";
  return new GatewayError("route_not_found", `no route matches ${target.path}${host}`);
}

function methodNotAllowed(exchange: Exchange, allow: string): GatewayError {
  return new GatewayError(
    "method_not_allowed",
    `${exchange.target.path} takes ${allow}, not ${exchange.method}`,
    { fields: { allow } },
  );
}
