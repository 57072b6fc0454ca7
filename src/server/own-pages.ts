import type { Answer } from "../pipeline/answer.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Handler } from "../pipeline/chain.ts";
import type { Exchange } from "../pipeline/exchange.ts";
import { ownAnswer } from "../pipeline/own-answer.ts";
import type { OwnPages } from "../runtime/gateway.ts";
import type { Snapshot } from "../runtime/snapshot.ts";
import type { OperatorCheck } from "./admin/access.ts";

export interface OwnPagesOptions {
  readonly snapshot: () => Snapshot;
  readonly version: string;
  /** Answers for the operator on this port; absent where the operator has a port of its own. */
  readonly admin:
    | {
        readonly isOperator: OperatorCheck;
        readonly handle: (request: Request) => Promise<Response>;
      }
    | undefined;
}

/**
 * The gateway's own pages on the main port: /health, and /admin for the operator. For anybody else
 * /admin is a path like any other. A route that spells out the first segment (`/health`, `/admin/*`)
 * takes it from the gateway.
 */
export function ownPages(options: OwnPagesOptions): OwnPages {
  const { admin } = options;
  const healthPage: Handler = { handle: (exchange) => health(exchange, options.version) };
  const operatorPage: Handler | undefined = admin && {
    handle: (exchange) => adminPage(exchange, admin.handle),
  };
  return function choose(exchange) {
    const { path } = exchange.target;
    if (path === "/health") {
      return isTaken(options.snapshot(), "health") ? undefined : healthPage;
    }
    if (admin === undefined || !path.startsWith("/admin/")) return undefined;
    if (isTaken(options.snapshot(), "admin") || !admin.isOperator(asker(exchange)))
      return undefined;
    return operatorPage;
  };
}

function asker({ client, target, request }: Exchange) {
  return { peer: client.peer, host: target.host, headers: request.headers };
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

async function adminPage(
  exchange: Exchange,
  handle: (request: Request) => Promise<Response>,
): Promise<Answer> {
  const response = await handle(exchange.request);
  if (response.status === 404) {
    throw new GatewayError("route_not_found", `no route matches ${exchange.target.path}`);
  }
  if (!response.ok) throw new Error(`the operator's page answered ${response.status}`);
  return ownAnswer(exchange, JSON_TYPE, await response.text());
}

function isTaken(snapshot: Snapshot, segment: string): boolean {
  return snapshot.routes.some(
    ({ path }) => path === `/${segment}` || path.startsWith(`/${segment}/`),
  );
}
