import type { Config, RouteConfig } from "../../config/schema.ts";
import { decodeSlashes } from "../../http/path.ts";
import type { Answer } from "../../pipeline/answer.ts";
import type { Handler } from "../../pipeline/chain.ts";
import { GatewayError } from "../../pipeline/errors.ts";
import type { Exchange } from "../../pipeline/exchange.ts";
import { covers, type Pattern } from "../../routing/pattern.ts";
import { AMBIGUOUS_PATH, RouteTable } from "../../routing/table.ts";
import type { Steps } from "../../time/slices.ts";
import type { Upstream } from "../../upstream/upstream.ts";
import { backendPatterns, isRewritten, normalBase } from "./backend-patterns.ts";
import type { CompiledRoute } from "./snapshot.ts";

/** What a route asks an address for. */
interface BackendRoute {
  /** The route's place among all. */
  readonly index: number;
  readonly path: string;
  readonly pattern: Pattern;
}

/** An address, and what routes ask it for. */
interface Address {
  readonly routes: BackendRoute[];
  isRewritten: boolean;
  table: RouteTable<BackendRoute> | undefined;
}

/**
 * Some backends take encoded slashes for slashes. As the route table does for the paths of clients, this
 * sees to it for rewritten paths that such a backend is not asked for what another route is there for,
 * unless that is the more general one. Routes to backends for which no route rewrites stay as they are.
 */
export function* guardPathsInSteps(
  { routes, server }: Pick<Config, "routes" | "server">,
  compiled: readonly CompiledRoute[],
): Steps<readonly CompiledRoute[]> {
  if (!routes.some(isRewritten)) return compiled;
  const addresses = new Map<string, Address>();
  for (const [index, route] of routes.entries()) {
    addRoute(addresses, route, compiled[index]?.upstreams ?? [], index);
    yield undefined;
  }
  for (const address of addresses.values()) {
    if (!address.isRewritten) continue;
    address.table = yield* RouteTable.compileInSteps(address.routes, "keep");
  }
  const guarded: CompiledRoute[] = [];
  for (const [index, end] of compiled.entries()) {
    const route = routes[index];
    const mode = end.encodedSlashes ?? server.encoded_slashes;
    const tables = mode === "keep" ? tablesOf(addresses, end.upstreams) : [];
    guarded.push(
      route === undefined || tables.length === 0
        ? end
        : { ...end, forward: new Guarded(end, tables, route, index) },
    );
    yield undefined;
  }
  return guarded;
}

function addRoute(
  addresses: Map<string, Address>,
  route: RouteConfig,
  upstreams: readonly Upstream[],
  index: number,
): void {
  for (const { to, basePath } of upstreams.flatMap(({ backends }) => backends)) {
    const key = to.socketPath ?? to.origin;
    const address = addresses.get(key) ?? { routes: [], isRewritten: false, table: undefined };
    addresses.set(key, address);
    if (isRewritten(route)) address.isRewritten = true;
    for (const pattern of backendPatterns(route, basePath)) {
      address.routes.push({ index, path: pattern.path, pattern });
    }
  }
}

/** The tables of the upstreams' backends. */
function tablesOf(
  addresses: ReadonlyMap<string, Address>,
  upstreams: readonly Upstream[],
): readonly RouteTable<BackendRoute>[] {
  const found = upstreams
    .flatMap(({ backends }) => backends)
    .flatMap(({ to }) => addresses.get(to.socketPath ?? to.origin)?.table ?? []);
  return [...new Set(found)];
}

/** A route's end that refuses what a backend could take for what another route asks for. */
class Guarded implements Handler {
  readonly #end: CompiledRoute;
  readonly #tables: readonly RouteTable<BackendRoute>[];
  readonly #route: RouteConfig;
  readonly #index: number;

  constructor(
    end: CompiledRoute,
    tables: readonly RouteTable<BackendRoute>[],
    route: RouteConfig,
    index: number,
  ) {
    this.#end = end;
    this.#tables = tables;
    this.#route = route;
    this.#index = index;
  }

  handle(exchange: Exchange): Answer | Promise<Answer> {
    const { path } = exchange.outgoing;
    const decoded = path.includes("%") ? decodeSlashes(path) : undefined;
    if (decoded !== undefined && this.#isForAnother(exchange, decoded)) {
      throw new GatewayError("invalid_path", `after rewriting, ${AMBIGUOUS_PATH}`);
    }
    return this.#end.forward.handle(exchange);
  }

  variantOf(exchange: Exchange): string {
    return this.#end.forward.variantOf?.(exchange) ?? "";
  }

  #isForAnother({ client, request, fields }: Exchange, decoded: string): boolean {
    const backends = this.#end.upstreams.flatMap((upstream) => upstream.backends);
    const bases = new Set(backends.map(({ basePath }) => basePath));
    return [...bases].some((base) => {
      const target = { host: "", path: normalBase(base) + decoded, query: "" };
      return this.#tables.some((table) => {
        const match = table.match("GET", { target, client, request, fields });
        if (match.kind !== "route" || match.route.index === this.#index) return false;
        const { pattern } = match.route;
        return !backendPatterns(this.#route, base).every((own) => covers(pattern, own));
      });
    });
  }
}
