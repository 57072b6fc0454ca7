import type { Config, UpstreamKeys } from "../../config/schema.ts";
import type { ConfigDocument } from "../../documents/text/document.ts";
import { decodedTarget, visible } from "../../http/target.ts";
import { errorKinds } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { conditionsOf } from "../../routing/conditions/of-route.ts";
import type { Pattern } from "../../routing/pattern.ts";
import { routeIds } from "../../routing/route-ids.ts";
import { type Match, type RoutePattern, RouteTable } from "../../routing/table.ts";
import { runThrough } from "../../time/slices.ts";
import { forwardSettings } from "../snapshot/forward-settings.ts";
import {
  type ExplainedConfiguration,
  type IdentifiedRoute,
  placeOf,
  Shown,
  shownPlace,
} from "./explained-configuration.ts";
import type { ExplainedRequest, Explanation } from "./explanation.ts";
import { explainPolicies } from "./policies.ts";
import { exchangeOf, type ExplainQuery, routedMethod } from "./query.ts";
import { explainAnswer, explainSending } from "./sending.ts";
import { explainSettings } from "./settings.ts";
import { type Destination, explainUpstreams } from "./upstreams.ts";

/**
 * What requests can be asked about, by a valid configuration alone. A running gateway passes the table and
 * the routes that it has, whose backends' states are then told.
 */
export function explainable(
  config: Config,
  document: ConfigDocument | undefined,
): ExplainedConfiguration {
  const patterns: RoutePattern[] = config.routes.map((route) => ({
    path: route.path,
    ...conditionsOf(route),
  }));
  const ids = runThrough(routeIds(patterns));
  const routes = config.routes.map((route, at): IdentifiedRoute => ({
    id: ids[at] ?? route.path,
    ...patterns[at],
    path: route.pattern.path,
    pattern: route.pattern,
    encodedSlashes: route.encoded_slashes,
  }));
  const table = RouteTable.compile(routes, config.server.encoded_slashes);
  return { config, document, routes, table };
}

/**
 * What would become of a request. Sends nothing and opens nothing.
 * @throws {ExplainQueryError} for what is no request
 */
export function explain(configuration: ExplainedConfiguration, query: ExplainQuery): Explanation {
  const { config, table } = configuration;
  const exchange = exchangeOf(query, config);
  const request = describeRequest(exchange);
  const shown = new Shown(configuration);
  const { refusal } = exchange.target;
  if (refusal !== undefined) {
    return {
      request,
      outcome: `answered with 400: ${refusal.problem}`,
      status: 400,
      others: [],
      policies: explainPolicies(configuration, undefined, shown),
      notes: [],
    };
  }
  const method = routedMethod(exchange);
  const match = table.match(method, exchange);
  const { outcome: byRoutes, others, more } = table.explain(method, exchange);
  const outcome = withoutRoute(match, method, exchange, configuration) ?? byRoutes;
  const isRedirected =
    exchange.client.protocol === "http" && (config.server.tls?.redirect ?? false) !== false;
  const at = match.kind === "route" ? configuration.routes.indexOf(match.route) : -1;
  return {
    request,
    outcome: isRedirected ? `redirected to https (server.tls.redirect), where ${outcome}` : outcome,
    ...answerOf(match, method, configuration),
    ...(match.kind === "route" && explainRoute(configuration, at, match, exchange, shown)),
    others: others.map(({ route, reason }) => ({ route, why_not: reason })),
    ...(more > 0 && { more }),
    policies: explainPolicies(configuration, at === -1 ? undefined : at, shown),
    notes: notesOn(configuration, exchange, at),
  };
}

function describeRequest({
  method,
  client,
  target,
  redaction,
  fields,
}: Exchange): ExplainedRequest {
  const asked = routedMethod({ method, fields });
  return {
    method,
    scheme: client.protocol,
    host: redaction.host(target.host),
    path: redaction.path(target.path),
    query: redaction.query(visible(target.query)),
    client: client.address,
    ...(asked !== method && { preflight_for: asked }),
  };
}

/** What is answered before routes are considered; undefined for other requests. */
function withoutRoute(
  match: Match<IdentifiedRoute>,
  method: string,
  { target }: Exchange,
  { table, config }: ExplainedConfiguration,
): string | undefined {
  if (target.path === HEALTH && !config.routes.some(({ pattern }) => isOfHealth(pattern))) {
    return "answered by the gateway itself, unless a route spells /health out";
  }
  if (match.kind === "route") return undefined;
  if (target.path === "*") return "answered with the methods that the gateway forwards";
  if (table.methods.has(method)) return undefined;
  const { status } = errorKinds.method_not_proxied;
  const upper = method.toUpperCase();
  const advice = table.methods.has(upper)
    ? `; methods are case-sensitive, did you mean ${upper}?`
    : "";
  return `answered with ${status}: no route lists ${method}, which is not forwarded otherwise${advice}`;
}

const HEALTH = "/health";

function isOfHealth({ segments: [first] }: Pattern): boolean {
  return first?.kind === "static" && first.text === "health";
}

type NoRoute = Pick<Explanation, "status" | "allow">;

function answerOf(
  match: Match<IdentifiedRoute>,
  method: string,
  { table }: ExplainedConfiguration,
): NoRoute {
  if (match.kind === "route") return {};
  if (match.kind === "invalid_path") return { status: errorKinds.invalid_path.status };
  if (!table.methods.has(method)) return { status: errorKinds.method_not_proxied.status };
  if (match.kind === "not_found") return { status: errorKinds.route_not_found.status };
  return { status: errorKinds.method_not_allowed.status, allow: match.allow };
}

function explainRoute(
  configuration: ExplainedConfiguration,
  at: number,
  match: Extract<Match<IdentifiedRoute>, { kind: "route" }>,
  exchange: Exchange,
  shown: Shown,
): Partial<Explanation> {
  const { config } = configuration;
  const route = config.routes[at];
  if (route === undefined) return {};
  const { parameters } = match;
  exchange.route = match.route.id;
  exchange.parameters = parameters;
  if (match.path !== undefined) exchange.target = decodedTarget(exchange.target, match.path);
  const destinations = explainUpstreams(configuration, at, exchange, shown);
  const keys = likeliest(destinations);
  // Without `tls`, whose files need not be there.
  exchange.outgoingRules = forwardSettings(route, config.server, {
    preserve_host: keys?.preserve_host ?? true,
  });
  const answered = explainAnswer(exchange, route, shown);
  return {
    route: {
      id: match.route.id,
      path: match.route.path,
      parameters: { ...parameters },
      ...shownPlace(placeOf(configuration, ["routes", at, "path"])),
    },
    ...(answered === undefined
      ? {
          settings: explainSettings(configuration, at, keys, shown),
          upstreams: destinations.map(({ explained }) => explained),
          sent: explainSending(exchange, route, shown),
        }
      : { status: answered.status, answered }),
  };
}

/** The upstream that a request goes to, or most requests do. */
function likeliest(destinations: readonly Destination[]): UpstreamKeys | undefined {
  const chosen = destinations.find(({ explained }) => explained.is_chosen === true);
  const [first] = destinations.toSorted(
    (one, other) => (other.explained.share ?? 0) - (one.explained.share ?? 0),
  );
  return (chosen ?? first)?.keys;
}

function notesOn(
  { config, document }: ExplainedConfiguration,
  { method }: Exchange,
  at: number,
): string[] {
  const route = at === -1 ? undefined : config.routes[at];
  const notes: string[] = [];
  const auth: unknown = Reflect.get(route ?? {}, "auth");
  if (auth !== undefined && auth !== "none") {
    notes.push("nobody is logged in here: what placeholders say of an identity is empty");
  } else if (route !== undefined && Reflect.get(config, "auth") !== undefined) {
    notes.push("the route has no `auth`: its clients need no credentials");
  }
  if (route?.split !== undefined && route.split.length > 1) {
    notes.push("a split chooses by weight for each request, unless `when` or a cookie decides");
  }
  if (Reflect.get(route ?? {}, "cache") !== undefined && (method === "GET" || method === "HEAD")) {
    notes.push("an answer that the cache has is sent without asking a backend");
  }
  if (document === undefined) notes.push("the file's lines are not known");
  return notes;
}
