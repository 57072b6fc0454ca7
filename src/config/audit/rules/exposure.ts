import { hasProxyInFront, isAdminPublic, isLocal, plainPort, providersOf } from "../facts.ts";
import type { Rule } from "../rule.ts";

const SHORTEST_TOKEN = 16;

/** What can be reached by whom, and who can listen. */
export const exposure: readonly Rule[] = [
  {
    name: "admin-in-the-clear",
    severity: "high",
    finds:
      "operator's pages that other machines can reach without TLS, so that the token can be read on the way",
    find({ config }) {
      const { admin } = config;
      if (admin?.token === undefined) return [];
      const remedy =
        "listen on 127.0.0.1 and come by SSH or by a proxy with TLS, or use `main_port: token` with TLS";
      if (isAdminPublic(config)) {
        const message = `the operator's pages and their token pass the network unencrypted on ${admin.listen}`;
        return [{ path: ["admin", "listen"], message, remedy }];
      }
      const port = plainPort(config);
      const isOnMainPort = admin.main_port === "token" || admin.listen === undefined;
      if (port === undefined || !isOnMainPort || admin.main_port === "off") return [];
      return [
        {
          path: ["admin", admin.main_port === undefined ? "token" : "main_port"],
          message: `the main port takes the operator's token, and port ${port} has no TLS`,
          remedy: "set `main_port: off`, or `server.tls` with `redirect: true`",
          severity: "medium",
        },
      ];
    },
  },
  {
    name: "admin-token-short",
    severity: "medium",
    finds: "a token for the operator's pages that can be guessed",
    find({ config: { admin } }) {
      const length = admin?.token?.length ?? SHORTEST_TOKEN;
      if (length >= SHORTEST_TOKEN) return [];
      const message = `a token of ${length} characters can be guessed`;
      return [{ path: ["admin", "token"], message, remedy: "make one by `openssl rand -hex 32`" }];
    },
  },
  {
    name: "admin-behind-proxy",
    severity: "medium",
    finds:
      "operator's pages for programs on this machine, where a proxy on this machine passes on what others ask",
    find({ config }) {
      const { admin, server } = config;
      const isOpenHere =
        admin?.main_port === "local" ||
        (admin?.main_port === undefined &&
          admin?.token === undefined &&
          admin?.listen === undefined);
      const isProxied =
        isLocal(server.host) || server.trusted_proxies.some(({ address }) => isLocal(address));
      if (!isOpenHere || !isProxied) return [];
      return [
        {
          path: admin?.main_port === undefined ? ["server"] : ["admin", "main_port"],
          message:
            "whom a proxy on this machine lets through may look like a program on this machine, for which the main port shows the operator's pages",
          remedy: "set `admin.main_port: off`",
        },
      ];
    },
  },
  credentialsOverHttp("basic-over-http", "high", ["basic"], "passwords"),
  credentialsOverHttp("session-over-http", "high", ["oidc"], "sessions and logins"),
  credentialsOverHttp(
    "credentials-over-http",
    "medium",
    ["api_key", "jwt", "forward"],
    "credentials",
  ),
  {
    name: "no-tls",
    severity: "low",
    finds:
      "a port that other machines can reach and no TLS at all, with no proxy in front that is known",
    find({ config }) {
      const port = plainPort(config);
      if (port === undefined || config.server.tls !== undefined || hasProxyInFront(config))
        return [];
      return [
        {
          path: ["server"],
          message: `everything that clients of port ${port} send and get can be read and altered on the way`,
          remedy:
            "set `server.tls`; behind a proxy that terminates TLS, set `server.trusted_proxies`",
        },
      ];
    },
  },
];

function credentialsOverHttp(
  name: string,
  severity: Rule["severity"],
  kinds: readonly string[],
  what: string,
): Rule {
  return {
    name,
    severity,
    finds: `${what} that clients may send without TLS (${kinds.map((kind) => `\`${kind}\``).join(", ")})`,
    find({ config }) {
      const port = plainPort(config);
      if (port === undefined) return [];
      return providersOf(config)
        .filter(({ kind }) => kinds.includes(kind))
        .map((provider) => ({
          path: provider.path,
          message: `${what} for \`${provider.name}\` can be read on the way: port ${port} has no TLS`,
          remedy:
            "set `server.tls` with `redirect: true` or `server.port: off`; behind a proxy that terminates TLS, set `server.trusted_proxies`",
        }));
    },
  };
}
