import type { Answer } from "../pipeline/answer.ts";
import type { Handler } from "../pipeline/chain.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import { ownAnswer } from "../pipeline/own-answer.ts";
import { visible } from "../http/target.ts";
import type { OwnPages } from "../runtime/gateway.ts";
import type { Snapshot } from "../runtime/snapshot/snapshot.ts";
import type { OperatorCheck } from "./admin/access.ts";
import { METRICS_PATH } from "./metrics/page.ts";
import { answerOf, webRequest, webHeaders } from "./web.ts";

/** The operator's pages on the main port, and who may see them. */
export interface MainPortPages {
  readonly isOperator: OperatorCheck;
  readonly has: (method: string, path: string) => boolean;
  /** `peer`: the address at the other end of the socket. */
  readonly handle: (request: Request, peer: string) => Promise<Response>;
}

export interface OwnPagesOptions {
  readonly snapshot: () => Snapshot;
  readonly version: string;
  /** The port that clients talk to. */
  readonly mainPort: () => number;
  /** The port of the https URLs to which requests without TLS are redirected; undefined without. */
  readonly redirectPort: () => number | undefined;
  /** Absent if the main port shows none of the operator's pages. */
  readonly admin: MainPortPages | undefined;
}

/**
 * The gateway's own pages on the main port: /health, and for the operator /metrics and the existing pages
 * below /admin. All other requests are left to the routes. A route that spells out the first segment
 * (`/health`, `/admin/*`) takes it from the gateway.
 */
export function ownPages(options: OwnPagesOptions): OwnPages {
  const { admin } = options;
  const healthPage: Handler = { handle: (exchange) => health(exchange, options.version) };
  const operatorPage: Handler | undefined = admin && {
    handle: (exchange) => adminPage(exchange, admin.handle),
  };
  const redirectPage: Handler = {
    handle: (exchange) => toHttps(exchange, options.redirectPort() ?? HTTPS_PORT),
  };
  // Weak, so that it keeps no snapshot that has been replaced.
  const known = new WeakMap<Snapshot, TakenPaths>();
  const takenNow = (): TakenPaths => {
    const snapshot = options.snapshot();
    const taken = known.get(snapshot) ?? takenPaths(snapshot);
    known.set(snapshot, taken);
    return taken;
  };
  return function choose(exchange) {
    const { path } = exchange.target;
    if (path === "/health" && !takenNow().health) return healthPage;
    if (exchange.client.protocol === "http" && options.redirectPort() !== undefined) {
      return redirectPage;
    }
    if (admin === undefined || !(path.startsWith("/admin/") || path === METRICS_PATH)) {
      return undefined;
    }
    if (!admin.has(exchange.method, path)) return undefined;
    const taken = takenNow();
    if (path === METRICS_PATH ? taken.metrics : taken.admin) return undefined;
    return admin.isOperator(asker(exchange, options.mainPort())) ? operatorPage : undefined;
  };
}

function asker({ target, request, client }: Exchange, port: number) {
  const { peer, peerPort } = request.connection;
  const headers = webHeaders(request);
  return { peer, peerPort, client: client.address, port, host: target.host, headers };
}

function health(exchange: Exchange, version: string): Answer {
  if (exchange.method !== "GET" && exchange.method !== "HEAD") {
    throw new GatewayError("method_not_allowed", "/health takes GET and HEAD", {
      fields: { allow: "GET, HEAD" },
    });
  }
  return ownAnswer(
    exchange,
    JSON_TYPE,
    JSON.stringify({ status: "healthy", service: "gateway", version }),
  );
}

const JSON_TYPE = "application/json";

const HTTPS_PORT = 443;

/** 308, so that method and content stay. */
function toHttps(exchange: Exchange, port: number): Answer {
  const { host, path, writtenPath, query } = exchange.target;
  if (host === "") {
    throw new GatewayError(
      "invalid_host",
      "a request without a Host cannot be redirected to https",
    );
  }
  const name = host.replace(/:[0-9]*$/, "");
  const authority = port === HTTPS_PORT ? name : `${name}:${port}`;
  const target = path.startsWith("/") ? `${visible(writtenPath ?? path)}${visible(query)}` : "/";
  const location = `https://${authority}${target}`;
  const answer = ownAnswer(exchange, "text/plain;charset=utf-8", `${location}\n`, 308);
  answer.fields.set("Location", location);
  return answer;
}

/** Passes the page's answer on unchanged, except that it must not be cached. */
async function adminPage(exchange: Exchange, handle: MainPortPages["handle"]): Promise<Answer> {
  const { request } = exchange;
  const answer = answerOf(await handle(webRequest(request), request.connection.peer));
  answer.fields.set("Cache-Control", "no-store");
  answer.fields.set("X-Request-ID", exchange.requestId);
  return answer;
}

/** Which of the gateway's own paths a snapshot's routes take from it; looked up once per snapshot. */
interface TakenPaths {
  readonly health: boolean;
  readonly admin: boolean;
  readonly metrics: boolean;
}

function takenPaths(snapshot: Snapshot): TakenPaths {
  const isTaken = (segment: string) =>
    snapshot.routes.some(({ path }) => path === `/${segment}` || path.startsWith(`/${segment}/`));
  return { health: isTaken("health"), admin: isTaken("admin"), metrics: isTaken("metrics") };
}
