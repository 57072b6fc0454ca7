import type { PolicyDefinition } from "../../../../src/pipeline/policy.ts";
import { GatewayError } from "../../../../src/pipeline/errors.ts";
import { DEFAULT_RULES, type Exchange } from "../../../../src/pipeline/exchange.ts";
import type { OutgoingRules } from "../../../../src/pipeline/outgoing-fields.ts";
import { targetOf } from "../../../../src/http/target.ts";
import { parsePattern } from "../../../../src/routing/pattern.ts";
import { RouteTable } from "../../../../src/routing/table.ts";
import { host } from "../../../../src/policies/rewriting/host.ts";
import { rewrite } from "../../../../src/policies/rewriting/rewrite.ts";
import { stripPrefix } from "../../../../src/policies/rewriting/strip-prefix.ts";
import { type Opening, openExchange } from "../../pipeline/opening.ts";
import { policyFrom } from "../chain.ts";

const POLICIES: Readonly<Record<string, PolicyDefinition>> = {
  strip_prefix: stripPrefix,
  rewrite,
  host,
};

export interface Rewriting extends Opening {
  /** The route's path. */
  readonly path?: string;
  /** The request target, as it is sent. */
  readonly target: string;
  readonly rules?: Partial<OutgoingRules>;
  readonly prepare?: (exchange: Exchange) => void;
}

/** What a backend is asked for, or the code of the error that the client gets. */
export function rewritten(
  keys: Readonly<Record<string, string>>,
  { path = "/*", target, rules = {}, prepare, ...opening }: Rewriting,
): string {
  const exchange = routed(path, target, opening);
  if (typeof exchange === "string") return exchange;
  exchange.outgoingRules = { ...DEFAULT_RULES, ...rules };
  prepare?.(exchange);
  try {
    for (const [key, written] of Object.entries(keys)) {
      void policyFrom(POLICIES[key]!.route, written)!.request!(exchange);
    }
    return exchange.outgoing.path + exchange.outgoing.query;
  } catch (error) {
    if (error instanceof GatewayError) return error.code;
    throw error;
  }
}

/** An exchange of a route, or why there is none. */
export function routed(path: string, target: string, opening: Opening = {}): Exchange | string {
  const exchange = openExchange(opening);
  exchange.target = targetOf("GET", target, "gateway.test:8080");
  if (exchange.target.refusal !== undefined) return "refused";
  const pattern = parsePattern(path);
  if ("message" in pattern) throw new Error(pattern.message);
  const table = RouteTable.compile([{ path, pattern }]);
  const match = table.match("GET", exchange);
  if (match.kind !== "route") return match.kind;
  exchange.parameters = match.parameters;
  return exchange;
}
