import { identifyClient } from "../http/forwarded.ts";
import { HeadersMolds } from "../http/headers-molds.ts";
import { proxiedMethods } from "../http/methods.ts";
import { RequestFields } from "../http/request-fields.ts";
import { readTarget, type TargetRefusal } from "../http/target.ts";
import { type Answer, toResponse } from "../pipeline/answer.ts";
import { OpenCancellations } from "../pipeline/cancellation.ts";
import type { Clock } from "../time/clock.ts";
import type { Handler } from "../pipeline/chain.ts";
import { GatewayError } from "../pipeline/errors.ts";
import { Exchange, type Upgrade } from "../pipeline/exchange.ts";
import { leaving } from "../pipeline/leaving.ts";
import type { Snapshot } from "./snapshot/snapshot.ts";

/** What answers a request for a page of the gateway's own (/health, /admin); undefined for all else. */
export type OwnPages = (exchange: Exchange) => Handler | undefined;

/** What the gateway asks of the socket that a request came on. */
export interface Listener {
  requestIP(request: Request): { readonly address: string; readonly port: number } | null;
  /** Closes the request's connection after this many seconds of silence; 0 is never. */
  readonly timeout: (request: Request, seconds: number) => void;
  /** The seconds of silence that connections have otherwise. */
  readonly idleSeconds: number;
  readonly upgrade: Upgrade;
}

export interface GatewayOptions {
  readonly snapshot: Snapshot;
  readonly ownPages: OwnPages;
  readonly clock: Clock;
  /** This gateway's element of Via; no other gateway has the same. */
  readonly via: string;
  /** Makes the id of an exchange that came without one. */
  readonly newRequestId: () => string;
  /** Called once per exchange, when it is over. */
  readonly onEnd: (exchange: Exchange) => void;
}

/** Takes requests through the current snapshot, and knows how many are under way. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #molds = new HeadersMolds();
  #snapshot: Snapshot;
  readonly #open = new OpenCancellations();
  #inFlight = 0;
  #idle: (() => void)[] = [];

  constructor(options: GatewayOptions) {
    this.#options = options;
    this.#snapshot = options.snapshot;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Puts another snapshot in place. Exchanges under way stay with the one they began with. */
  swap(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
  }

  /** Exchanges whose answer has not ended yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Ends all exchanges in flight, and those that come later, for one reason; within 50 ms. */
  cut(reason: GatewayError): void {
    this.#open.cancelAll(reason);
  }

  /** Resolves as soon as no exchange is in flight. */
  whenIdle(): Promise<void> {
    if (this.inFlight === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.push(resolve);
    });
  }

  /** Handles one request. Never rejects. */
  async handle(request: Request, listener: Listener): Promise<Response> {
    const snapshot = this.#snapshot;
    const { clock } = this.#options;
    const fields = new RequestFields(request.headers, snapshot.fieldRules);
    const peer = listener.requestIP(request);
    const client = identifyClient(peer?.address ?? "", fields, snapshot.trustedProxies);
    const exchange = new Exchange({
      request,
      fields,
      target: readTarget(request.url, fields.host),
      client,
      requestId: this.#requestId(fields, client.viaTrustedProxy),
      startedAt: clock.wall(),
      started: clock.monotonic(),
      upgrade: listener.upgrade,
      open: this.#open,
      timeout: listener.timeout,
    });
    exchange.peerPort = peer?.port ?? 0;
    exchange.via = this.#options.via;
    const closes = wantsClose(fields);
    this.#inFlight += 1;
    const pending = this.#run(exchange, snapshot);
    const answer = leaving(exchange, pending instanceof Promise ? await pending : pending);
    // The runtime closes the connection by itself, and says so only when told to (RFC 9112 9.6).
    if (closes) answer.fields.set("connection", "close");
    const response = this.#toResponse(exchange, answer, snapshot);
    if (exchange.status === 0) exchange.status = response.status;
    if (exchange.ended === undefined) {
      if (exchange.tookLong) listener.timeout(request, listener.idleSeconds);
      this.#close(exchange);
    } else this.#closeAtEnd(exchange, exchange.ended, listener);
    return response;
  }

  /** In and out through the chain that is the exchange's own. Neither throws nor rejects. */
  #run(exchange: Exchange, snapshot: Snapshot): Answer | Promise<Answer> {
    try {
      const refusal = refusalOf(exchange);
      if (refusal !== undefined) return snapshot.unrouted.run(exchange, refusing(refusal));
      const page = this.#options.ownPages(exchange);
      if (page !== undefined) return snapshot.bare.run(exchange, page);
      if (this.inFlight > snapshot.maxInFlight) {
        return snapshot.unrouted.run(exchange, refusing(overloaded()));
      }
      return runRoute(exchange, snapshot);
    } catch (error) {
      return snapshot.toProblem(exchange, error);
    }
  }

  #requestId(fields: RequestFields, trusted: boolean): string {
    const given = trusted ? fields.requestId : null;
    return given !== null && REQUEST_ID.test(given) ? given : this.#options.newRequestId();
  }

  /** A policy may have set what is no field; then the answer is a problem instead. */
  #toResponse(exchange: Exchange, answer: Answer, snapshot: Snapshot): Response {
    try {
      return toResponse(answer, this.#molds);
    } catch (error) {
      const problem = snapshot.toProblem(exchange, error, answer);
      return toResponse(leaving(exchange, problem), this.#molds);
    }
  }

  /** Content that is passed on may fall silent for long; the connection may not outlive it so. */
  #closeAtEnd(exchange: Exchange, ended: Promise<void>, listener: Listener): void {
    if (exchange.status === 101) {
      // The connection is no longer HTTP, and its own idle timeout holds.
      void ended.then(() => this.#close(exchange));
      return;
    }
    exchange.takesLong();
    void ended.then(() => {
      listener.timeout(exchange.request, listener.idleSeconds);
      this.#close(exchange);
    });
  }

  #close(exchange: Exchange): void {
    this.#inFlight -= 1;
    exchange.cancellation.close();
    this.#options.onEnd(exchange);
    if (this.inFlight > 0) return;
    const waiting = this.#idle;
    this.#idle = [];
    for (const resolve of waiting) resolve();
  }
}

function runRoute(exchange: Exchange, snapshot: Snapshot): Answer | Promise<Answer> {
  const { method } = exchange;
  const match = snapshot.table.match(method, exchange);
  if (match.kind === "route") {
    const { route, parameters } = match;
    exchange.route = route.id;
    exchange.outgoingRules = route.outgoing;
    exchange.parameters = parameters;
    return route.chain.run(exchange, route.forward);
  }
  if (match.kind === "not_found") {
    return snapshot.unrouted.run(exchange, refusing(notFound(exchange)));
  }
  const refusal = refusing(methodNotAllowed(exchange, match.allow));
  // A preflight asks about another method, and that method's route has the CORS policy to answer it.
  const asked = preflightMethod(exchange);
  const meant = asked === null ? undefined : snapshot.table.match(asked, exchange);
  if (meant?.kind !== "route") return snapshot.unrouted.run(exchange, refusal);
  exchange.route = meant.route.id;
  return meant.route.chain.run(exchange, refusal);
}

/** What stands at the end of a chain for an exchange that goes no further. */
function refusing(error: GatewayError): Handler {
  return {
    handle() {
      throw error;
    },
  };
}

/** The method that a preflight asks about; null for other requests. */
function preflightMethod({ method, request }: Exchange): string | null {
  return method === "OPTIONS" ? request.headers.get("access-control-request-method") : null;
}

function wantsClose(fields: RequestFields): boolean {
  const { connection } = fields;
  return connection !== null && connection !== "keep-alive" && /\bclose\b/i.test(connection);
}

function overloaded(): GatewayError {
  return new GatewayError("overloaded", "too many requests in flight (server.max_in_flight)", {
    fields: { "retry-after": "1" },
  });
}

const REQUEST_ID = /^[!-~]{1,128}$/;

/** What keeps a request from being routed at all; undefined when nothing does. */
function refusalOf(exchange: Exchange): GatewayError | undefined {
  const { refusal } = exchange.target;
  if (refusal !== undefined) return new GatewayError(REFUSED[refusal.part], refusal.problem);
  const { problem, via } = exchange.fields;
  if (problem !== undefined) return new GatewayError("bad_request", problem);
  if (via?.includes(exchange.via) === true) {
    return new GatewayError(
      "loop_detected",
      "this request has already passed through this gateway: one of its backends leads back to it",
    );
  }
  if (!proxiedMethods.has(exchange.method)) {
    return new GatewayError(
      "method_not_proxied",
      `${exchange.method} requests are not forwarded by this gateway`,
    );
  }
  return undefined;
}

const REFUSED = { host: "invalid_host", path: "invalid_path" } as const satisfies Record<
  TargetRefusal["part"],
  string
>;

function notFound(exchange: Exchange): GatewayError {
  return new GatewayError("route_not_found", `no route matches ${exchange.target.path}`);
}

function methodNotAllowed(exchange: Exchange, allow: string): GatewayError {
  return new GatewayError(
    "method_not_allowed",
    `${exchange.target.path} takes ${allow}, not ${exchange.method}`,
    { fields: { allow } },
  );
}
