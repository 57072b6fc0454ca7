import { statSync } from "node:fs";
import { isLoopback, parseNetwork } from "../http/address.ts";
import { hostName } from "../http/host.ts";
import { methodProblem } from "../http/methods.ts";
import { normalizePath } from "../http/path.ts";
import { policyRegistry } from "../policies/registry.ts";
import type { ConfigIssue, PolicyScope } from "../pipeline/policy.ts";
import { findConflicts } from "../routing/conflicts.ts";
import { parsePattern } from "../routing/pattern.ts";
import { checkHealthCheck } from "../upstream/health/schema.ts";
import { checkBackendUrl } from "../upstream/schema.ts";
import type { Config, RouteConfig } from "./schema.ts";
import type { Checkable } from "./reading/validate.ts";

/**
 * Finds what is well-formed and yet cannot be meant; all of it. Parts that were not well-formed are
 * missing, and `isWhole` tells of the rest which is complete.
 */
export function checkConfig(
  config: Checkable<Config>,
  isWhole: (part: unknown) => boolean,
): ConfigIssue[] {
  const routes = config.routes ?? [];
  return [
    ...checkServer(config),
    ...checkAdmin(config, isWhole),
    ...under(["health_check"], checkHealthCheck(config.health_check ?? {})),
    ...checkPolicies("global", config, isWhole),
    ...routes.flatMap((route, index) =>
      under(["routes", index], route === undefined ? [] : checkRoute(route, isWhole)),
    ),
    ...checkRouteTable(routes, isWhole),
  ];
}

function checkServer({ server }: Checkable<Config>): ConfigIssue[] {
  return (server?.trusted_proxies ?? []).flatMap((network, index) =>
    network === undefined || parseNetwork(network) !== undefined
      ? []
      : [
          {
            path: ["server", "trusted_proxies", index],
            message: `\`${network}\` is neither an address nor a network; write 10.0.0.0/8 or 2001:db8::1`,
          },
        ],
  );
}

function checkAdmin(
  { admin, server }: Checkable<Config>,
  isWhole: (part: unknown) => boolean,
): ConfigIssue[] {
  if (admin?.listen === undefined) return [];
  const path = ["admin", "listen"];
  const { host, port } = splitAddress(admin.listen);
  if (port > 65_535) return [{ path, message: `port ${port} does not exist; the last is 65535` }];
  if (port === server?.port && port !== 0) {
    return [{ path, message: `port ${port} is the server's own; give the operator another` }];
  }
  // A token that is there and wrong is no missing one.
  const isOpen = admin.token === undefined && isWhole(admin);
  if (isOpen && host.toLowerCase() !== "localhost" && !isLoopback(host)) {
    return [
      {
        path,
        message: `${host} can be reached from other machines; set \`admin.token\`, or listen on 127.0.0.1`,
      },
    ];
  }
  return [];
}

/** Takes "127.0.0.1:9090" or "[::1]:9090" apart. The schema has seen to its form. */
export function splitAddress(address: string): { host: string; port: number } {
  return {
    host: hostName(address),
    port: Number(address.slice(address.lastIndexOf(":") + 1)),
  };
}

function checkRoute(
  route: Checkable<RouteConfig>,
  isWhole: (part: unknown) => boolean,
): ConfigIssue[] {
  return [
    ...under(["path"], checkPath(route.path)),
    ...under(["methods"], checkMethods(route.methods ?? [])),
    ...under(["backends"], checkBackends(route.backends ?? [])),
    ...under(["health_check"], checkHealthCheck(route.health_check ?? {})),
    ...under(["tls"], checkTls(route.tls ?? {})),
    ...checkPolicies("route", route, isWhole),
  ];
}

function checkPath(path: string | undefined): ConfigIssue[] {
  if (path === undefined) return [];
  const pattern = parsePattern(path);
  if ("message" in pattern) return [{ path: [], message: pattern.message }];
  const normal = normalizePath(path);
  return typeof normal === "string"
    ? []
    : [{ path: [], message: `no request can match this: ${normal.problem}` }];
}

function checkMethods(methods: readonly (string | undefined)[]): ConfigIssue[] {
  return methods.flatMap((method, index) => {
    const message = method === undefined ? undefined : methodProblem(method);
    return message === undefined ? [] : [{ path: [index], message }];
  });
}

function checkBackends(
  backends: readonly (Checkable<RouteConfig["backends"][number]> | undefined)[],
): ConfigIssue[] {
  const seen = new Set<string>();
  return backends.flatMap((backend, index) => {
    const url = backend?.url;
    if (url === undefined) return [];
    const message = seen.has(url)
      ? `\`${url}\` is already a backend of this route; raise its weight instead`
      : checkBackendUrl(url);
    seen.add(url);
    return message === undefined ? [] : [{ path: [index, "url"], message }];
  });
}

function checkTls(tls: Checkable<NonNullable<RouteConfig["tls"]>>): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  for (const key of ["ca", "certificate", "key"] as const) {
    const file = tls[key];
    const message = file === undefined ? undefined : unreadable(file);
    if (message !== undefined) issues.push({ path: [key], message });
  }
  if (tls.certificate !== undefined && tls.key === undefined) {
    issues.push({ path: ["certificate"], message: "a certificate needs its private `key`" });
  }
  if (tls.key !== undefined && tls.certificate === undefined) {
    issues.push({ path: ["key"], message: "a private key needs its `certificate`" });
  }
  return issues;
}

function unreadable(file: string): string | undefined {
  try {
    return statSync(file).isFile() ? undefined : `${file} is not a file`;
  } catch {
    return `${file} cannot be read; it is looked for from the working directory`;
  }
}

function checkRouteTable(
  routes: readonly (Checkable<RouteConfig> | undefined)[],
  isWhole: (part: unknown) => boolean,
): ConfigIssue[] {
  const readable = routes.flatMap((route, index) => {
    if (route?.path === undefined || "message" in parsePattern(route.path)) return [];
    // Methods that could not be read are not all methods.
    if (route.methods === undefined && !isWhole(route)) return [];
    const path = normalizePath(route.path);
    const methods = route.methods?.filter((method) => method !== undefined);
    return typeof path === "string" ? [{ path, methods, index }] : [];
  });
  return findConflicts(readable).map(({ index, message }) => ({
    path: ["routes", readable[index]?.index ?? 0, "path"],
    message,
  }));
}

function checkPolicies(
  scope: "global" | "route",
  config: object,
  isWhole: (part: unknown) => boolean,
): ConfigIssue[] {
  return policyRegistry.flatMap((definition) => {
    const place: PolicyScope | undefined = definition[scope];
    if (place?.check === undefined) return [];
    const own: unknown = Reflect.get(config, place.key);
    return own === undefined || !isWhole(own) ? [] : under([place.key], place.check(own));
  });
}

function under(path: readonly (string | number)[], issues: readonly ConfigIssue[]): ConfigIssue[] {
  return issues.map(({ path: inner, message }) => ({ path: [...path, ...inner], message }));
}
