import { at, everywhere, hasProxyInFront, isLocal, limitsOf } from "../facts.ts";
import type { Rule } from "../rule.ts";

/** How often, and what happens when that is not known. */
export const limits: readonly Rule[] = [
  {
    name: "no-limits",
    severity: "medium",
    finds:
      "a port that other machines can reach, and nothing that limits how often clients may ask",
    find({ config }) {
      const { server } = config;
      const hasGlobal =
        at(config, "rate_limiting") !== undefined &&
        at(config, "rate_limiting", "enabled") !== false;
      const isLimited =
        hasGlobal || server.max_connections_per_client > 0 || limitsOf(config).length > 0;
      if (isLocal(server.host) || isLimited) return [];
      return [
        {
          path: ["routes"],
          message: "one client may send as many requests as it likes, and guess as many passwords",
          remedy: "set `rate_limiting: { rate: 100, key: client_ip }` at the top",
        },
      ];
    },
  },
  {
    name: "limit-for-all",
    severity: "low",
    finds: "a rate limit that one client can use up for everybody",
    find({ config }) {
      const global = at(config, "rate_limiting");
      const isGlobalForAll = at(global, "key") === "all" && at(global, "enabled") !== false;
      const remedy =
        'add a limit with `key: client_ip` or one by identity, like `key: "{auth.subject}"`';
      const message =
        "it counts all clients together, so that one of them can use it up for everybody";
      const keyed = limitsOf(config).filter(({ key }) => key !== undefined && key !== "all");
      const routesWithKeys = new Set(keyed.map(({ path }) => path[1]));
      return [
        ...(isGlobalForAll && keyed.length === 0
          ? [{ path: ["rate_limiting", "key"], message, remedy }]
          : []),
        ...limitsOf(config)
          .filter(
            ({ path, key }) =>
              path[2] === "rate_limit" &&
              (key === undefined || key === "all") &&
              !routesWithKeys.has(path[1]),
          )
          .map(({ path }) => ({ path, message, remedy })),
      ];
    },
  },
  {
    name: "limit-by-proxy-address",
    severity: "medium",
    finds: "a limit by the client's address where all requests come from a proxy's address",
    find({ config }) {
      // What listens on this machine only is asked by something on this machine.
      if (!isLocal(config.server.host) || hasProxyInFront(config)) return [];
      const global =
        at(config, "rate_limiting", "key") === "client_ip" ? [["rate_limiting", "key"]] : [];
      const own = limitsOf(config)
        .filter(({ key }) => key === "client_ip")
        .map(({ path }) => [...path, "key"]);
      return [...global, ...own].map((path) => ({
        path,
        message:
          "all requests come from the address of whatever is in front, so that all clients share this limit",
        remedy: "set `server.trusted_proxies: [127.0.0.1]`",
      }));
    },
  },
  {
    name: "fails-open",
    severity: "medium",
    finds: "limits that admit everything while their store is away",
    find: ({ config }) =>
      everywhere(config, "on_error")
        .filter(({ value }) => value === "allow")
        .map(({ path }) => ({
          path,
          message: "anyone who can disturb the store can switch the limits off",
          remedy:
            "set `on_error: local`, by which each gateway limits on its own meanwhile, or `deny`",
        })),
  },
];
