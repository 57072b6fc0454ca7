import { isPreflight } from "../../http/preflight.ts";
import type { Decisions, RouteDecision } from "../../pipeline/decisions/decisions.ts";
import type { Exchange, Noting } from "../../pipeline/exchange.ts";
import { REDACTED } from "../../pipeline/redaction.ts";
import type { RouteTable } from "../../routing/table.ts";
import type { Clock } from "../../time/clock.ts";
import type { CompiledRoute } from "./snapshot.ts";

/** At most this many routes that did not get a request are reported. */
const MOST_RIVALS = 8;

/** What the exchanges of one snapshot note, and ask of it when they are over. */
export class SnapshotNoting implements Noting {
  readonly keepsAll: boolean;
  readonly now: () => number;
  readonly #table: RouteTable<CompiledRoute>;

  constructor(table: RouteTable<CompiledRoute>, clock: Clock, keepsAll: boolean) {
    this.keepsAll = keepsAll;
    this.now = () => clock.monotonic();
    this.#table = table;
  }

  routing(exchange: Exchange): Pick<Decisions, "route" | "split"> {
    const outcome = outcomeOf(exchange);
    if (outcome === "unrouted" || outcome === "invalid_path") return { route: { outcome } };
    const method = routedMethod(exchange);
    const match = this.#table.match(method, exchange);
    const route = match.kind === "route" ? match.route : undefined;
    const { rivals, more } = this.#table.rivals(method, exchange, route, MOST_RIVALS);
    const names = Object.keys(exchange.parameters);
    const split = exchange.upstream === "" ? undefined : route?.split?.decision(exchange);
    return {
      route: {
        outcome,
        ...(exchange.route !== "" && { id: exchange.route }),
        ...(names.length > 0 && { parameters: parametersOf(exchange) }),
        ...(rivals.length > 0 && {
          candidates: rivals.map(({ route: name, whyNot }) => ({ route: name, why_not: whyNot })),
        }),
        ...(more > 0 && { more }),
      },
      ...(split !== undefined && { split }),
    };
  }
}

function outcomeOf({ route, errorCode, target }: Exchange): RouteDecision["outcome"] {
  if (route !== "") return "matched";
  if (target.refusal !== undefined) return "unrouted";
  if (errorCode === "route_not_found") return "not_found";
  if (errorCode === "invalid_path") return "invalid_path";
  return errorCode === "method_not_allowed" || errorCode === "method_not_proxied"
    ? "method_not_allowed"
    : "unrouted";
}

/** A preflight is routed like the request that it asks about. */
function routedMethod({ method, fields }: Exchange): string {
  const asked = isPreflight(method, fields) ? fields.get("access-control-request-method") : null;
  return asked ?? method;
}

function parametersOf({ parameters, redaction }: Exchange): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      redaction.hides("query", name) ? REDACTED : redaction.path(value.slice(0, LONGEST_VALUE)),
    ]),
  );
}

const LONGEST_VALUE = 256;
