import type { RouteConfig } from "../../schema.ts";
import { askedBy, at, nameOf, providersOf } from "../facts.ts";
import type { Rule } from "../rule.ts";

/** Who may call what. */
export const access: readonly Rule[] = [
  {
    name: "route-without-auth",
    severity: "medium",
    finds:
      "a route without `auth` next to routes with it: the same backends, or the same beginning of the path",
    find({ config }) {
      const guarded = config.routes.filter(isGuarded);
      return config.routes.flatMap((route, index) => {
        // What is written on purpose, and what is for certain addresses only, is meant so.
        const isMeant = askedBy(route) !== undefined || at(route, "allow") !== undefined;
        if (isMeant || !isForwarded(route)) return [];
        const next = guarded.find((other) => isNextTo(route, other));
        if (next === undefined) return [];
        const names = (askedBy(next) ?? []).join(", ");
        return [
          {
            path: ["routes", index, "path"],
            message: `${nameOf(route)} requires no authentication, and ${nameOf(next)} next to it does`,
            remedy: `add \`auth: ${names}\`, or \`auth: none\` if it is meant to be open`,
          },
        ];
      });
    },
  },
  {
    name: "methods-without-auth",
    severity: "medium",
    finds:
      "a route with `auth` for some methods, where requests of all others reach the same backends without it",
    find: ({ config: { routes } }) =>
      routes.flatMap((route, index) => {
        const methods = at(route, "methods");
        if (!Array.isArray(methods) || !isGuarded(route)) return [];
        const isOpen = routes.every((other) => !isGuarded(other) || !takesOthersOf(other, route));
        const open = routes.find(
          (other) =>
            !isGuarded(other) && takesOthersOf(other, route) && haveSameBackends(other, route),
        );
        if (!isOpen || open === undefined) return [];
        const missing = ["HEAD", "OPTIONS", "POST"].find((one) => !methods.includes(one));
        return [
          {
            path: ["routes", index, "methods"],
            message: `other methods for ${route.path}, like ${missing ?? "PUT"}, reach the same backends by ${nameOf(open)}, which requires no authentication`,
            remedy: `leave \`methods\` out, or add a route for ${route.path} without it and with the same \`auth\``,
          },
        ];
      }),
  },
  {
    name: "provider-unused",
    severity: "low",
    finds: "an auth provider that no route asks",
    find({ config }) {
      const asked = new Set(config.routes.flatMap((route) => askedBy(route) ?? []));
      return providersOf(config)
        .filter(({ name }) => !asked.has(name))
        .map(({ name }) => ({
          path: ["auth", name],
          message: `no route asks \`${name}\``,
          remedy: `add \`auth: ${name}\` to the routes that it is for, or remove it`,
        }));
    },
  },
  {
    name: "jwt-without-audience",
    severity: "medium",
    finds: "tokens that are accepted though they were made for another service",
    find: ({ config }) =>
      providersOf(config)
        .filter(({ kind, settings }) => kind === "jwt" && at(settings, "audience") === undefined)
        .map(({ name, path }) => ({
          path,
          message: `\`${name}\` accepts every token of its issuer, those made for other services too`,
          remedy: "set `audience` to what the issuer writes into tokens for this API",
        })),
  },
  {
    name: "jwt-without-issuer",
    severity: "low",
    finds: "tokens that are accepted whatever issuer they name",
    find: ({ config }) =>
      providersOf(config)
        .filter(({ kind, settings }) => kind === "jwt" && at(settings, "issuer") === undefined)
        .map(({ name, path }) => ({
          path,
          message: `\`${name}\` takes tokens of every issuer that uses the same keys, like other tenants`,
          remedy: "set `issuer`",
        })),
  },
  {
    name: "token-without-expiry",
    severity: "medium",
    finds: "tokens that are valid forever",
    find: ({ config }) =>
      providersOf(config)
        .filter(
          ({ kind, settings }) =>
            kind === "jwt" && [at(settings, "require", "exp")].flat()[0] === false,
        )
        .map(({ name, path }) => ({
          path: [...path, "require", "exp"],
          message: `a token for \`${name}\` that was stolen once is good forever`,
          remedy: "have the issuer write `exp`, and leave this out",
        })),
  },
  {
    name: "credentials-in-query",
    severity: "low",
    finds: "credentials in URLs, which histories, logs of others and Referer fields keep",
    find: ({ config }) =>
      providersOf(config)
        .filter(({ settings }) => takesQuery(at(settings, "from")))
        .map(({ name, path }) => ({
          path: [...path, "from"],
          message: `URLs with credentials for \`${name}\` end up in histories, in logs of others and in Referer`,
          remedy: "take them from a field or a cookie",
        })),
  },
  {
    name: "validation-reports-only",
    severity: "low",
    finds: "validation that only logs",
    find: ({ config }) =>
      config.routes.flatMap((route, index) =>
        at(route, "validate", "mode") === "report"
          ? [
              {
                path: ["routes", index, "validate", "mode"],
                message: "invalid requests still reach the backend",
                remedy: "set `mode: enforce` once the log is quiet",
              },
            ]
          : [],
      ),
  },
];

function isGuarded(route: RouteConfig): boolean {
  return (askedBy(route) ?? []).length > 0;
}

/** Whether a route takes all requests for another one's path and hosts that differ from its in the method. */
function takesOthersOf(one: RouteConfig, other: RouteConfig): boolean {
  const conditions = ["methods", "headers", "query", "cookies", "clients"];
  if (conditions.some((key) => at(one, key) !== undefined)) return false;
  const hosts = at(one, "hosts");
  if (hosts !== undefined && !Bun.deepEquals(hosts, at(other, "hosts"))) return false;
  return (
    one.path === other.path ||
    (one.path.endsWith("/*") && other.path.startsWith(one.path.slice(0, -1)))
  );
}

function isForwarded(route: RouteConfig): boolean {
  return ["redirect", "respond"].every((key) => at(route, key) === undefined);
}

/** Whether two routes lead to the same backends, or have the same hosts and the same first segment. */
function isNextTo(one: RouteConfig, other: RouteConfig): boolean {
  if (haveSameBackends(one, other)) return true;
  const segment = firstSegment(one.path);
  const haveSameHosts = Bun.deepEquals(at(one, "hosts"), at(other, "hosts"));
  return haveSameHosts && segment !== "" && segment === firstSegment(other.path);
}

function haveSameBackends(one: RouteConfig, other: RouteConfig): boolean {
  if (one.upstream !== undefined && one.upstream === other.upstream) return true;
  const urls = new Set(urlsOf(other));
  return urlsOf(one).some((url) => urls.has(url));
}

function urlsOf(route: RouteConfig): string[] {
  const backends = at(route, "backends");
  if (!Array.isArray(backends)) return [];
  return backends.map((backend) => at(backend, "url")).filter((url) => typeof url === "string");
}

function firstSegment(path: string): string {
  const segment = path.split("/")[1] ?? "";
  return /^[:*]/.test(segment) ? "" : segment;
}

function takesQuery(from: unknown): boolean {
  return Array.isArray(from) && from.some((source) => at(source, "kind") === "query");
}
