import { isLoopback } from "../../http/address.ts";
import { providersIn } from "../../policies/auth/schema.ts";
import { splitAddress } from "../admin-schema.ts";
import type { Config, RouteConfig } from "../schema.ts";
import type { Path } from "./rule.ts";

/** Whether an address to listen on can be reached from this machine only. */
export function isLocal(host: string): boolean {
  return host.toLowerCase() === "localhost" || isLoopback(host.replaceAll(/[[\]]/g, ""));
}

/** Whether what a URL names is on this machine. */
export function isLocalUrl(url: string): boolean {
  const hostname = URL.parse(url)?.hostname;
  return hostname === undefined || hostname === "" || isLocal(hostname);
}

/** Whether the operator's own address can be reached from other machines. */
export function isAdminPublic({ admin }: Config): boolean {
  const listen = admin?.listen;
  return listen !== undefined && listen !== "off" && !isLocal(splitAddress(listen).host);
}

/** Whether something in front of the gateway is known, which may end TLS and passes on who clients are. */
export function hasProxyInFront({ server }: Config): boolean {
  return server.trusted_proxies.length > 0 || server.proxy_protocol.length > 0;
}

/** The port on which clients of other machines may speak without TLS; undefined if there is none. */
export function plainPort(config: Config): number | undefined {
  const { port, host, tls } = config.server;
  if (port === "off" || isLocal(host) || hasProxyInFront(config)) return undefined;
  return tls !== undefined && tls.redirect !== false ? undefined : port;
}

/** What a policy or a section has under a key, whose schema is not known here. */
export function at(value: unknown, ...path: Path): unknown {
  let found = value;
  for (const step of path) {
    if (typeof found !== "object" || found === null) return undefined;
    found = Reflect.get(found, step);
  }
  return found;
}

/** A provider of the configuration. */
export interface Provider {
  readonly name: string;
  readonly kind: string;
  /** The settings below its kind. */
  readonly settings: unknown;
  readonly path: Path;
}

const SHARED: ReadonlySet<string> = new Set(["pass_credentials", "identity_headers"]);

/** All providers, each with its kind. */
export function providersOf(config: Config): Provider[] {
  return Object.entries(at(config, "auth") ?? {}).flatMap(([name, written]) => {
    const kind = Object.keys(written as object).find((key) => !SHARED.has(key));
    if (kind === undefined) return [];
    return [{ name, kind, settings: at(written, kind), path: ["auth", name, kind] }];
  });
}

/** The providers that a route asks; none if it asks for nothing, undefined if it does not say. */
export function askedBy(route: RouteConfig): readonly string[] | undefined {
  const auth = at(route, "auth");
  return auth === undefined ? undefined : providersIn(auth as string[] | false);
}

/** What a route is called, for messages. */
export function nameOf({ name, path }: RouteConfig): string {
  return name ?? path;
}

/** One limit of rate_limit, quota or concurrency, wherever it stands. */
export interface WrittenLimit {
  readonly path: Path;
  readonly key: unknown;
}

const LIMITS = ["rate_limit", "quota", "concurrency"];

/** All limits of routes. Without a key, one counts everybody. */
export function limitsOf({ routes }: Config): WrittenLimit[] {
  return routes.flatMap((route, index) =>
    LIMITS.flatMap((name) => {
      const written = at(route, name);
      if (written === undefined || written === false) return [];
      const isList = Array.isArray(written);
      return (isList ? (written as unknown[]) : [written]).map((limit, place) => ({
        path: ["routes", index, name, ...(isList ? [place] : [])],
        key: at(limit, "key"),
      }));
    }),
  );
}

/** Every place in the configuration with a key of a name, and its value. */
export function everywhere(config: Config, key: string): { path: Path; value: unknown }[] {
  const found: { path: Path; value: unknown }[] = [];
  const search = (value: unknown, path: Path) => {
    if (typeof value !== "object" || value === null) return;
    for (const [name, child] of Object.entries(value)) {
      const below = [...path, Array.isArray(value) ? Number(name) : name];
      if (name === key) found.push({ path: below, value: child });
      search(child, below);
    }
  };
  search(config, []);
  return found;
}
