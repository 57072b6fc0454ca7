import { at, everywhere, isLocalUrl, providersOf } from "../facts.ts";
import type { Finding, Path, Rule } from "../rule.ts";

/** Networks with fewer leading bits hold strangers. */
const LARGEST = { ipv4: 8, ipv6: 16 } as const;

interface Network {
  readonly address: string;
  readonly prefix: number;
  readonly family: "ipv4" | "ipv6";
}

/** Whose word is taken for true. */
export const trust: readonly Rule[] = [
  {
    name: "trusts-everyone",
    severity: "high",
    finds: "trusted proxies that may be anyone, and say who the client is",
    find({ config: { server } }) {
      return [
        ...tooLarge(server.trusted_proxies, ["server", "trusted_proxies"]),
        ...tooLarge(server.proxy_protocol, ["server", "proxy_protocol"]),
      ];
    },
  },
  {
    name: "tls-not-verified",
    severity: "high",
    finds: "TLS to backends and services whose certificates are not verified",
    find({ config }) {
      return everywhere(config, "insecure_skip_verify")
        .filter(({ value }) => value === true)
        .map(({ path }) => ({
          path,
          message:
            "any certificate is accepted, so anyone on the network path can read and alter the traffic",
          remedy: "name the backend's authority in `tls.ca`, and leave this out",
        }));
    },
  },
  {
    name: "any-page-with-credentials",
    severity: "high",
    finds: "CORS that lets pages of many origins ask with the cookies of people",
    find({ config }) {
      return [
        ...corsFindings(at(config, "cors"), ["cors"]),
        ...config.routes.flatMap((route, index) =>
          corsFindings(at(route, "cors"), ["routes", index, "cors"]),
        ),
      ];
    },
  },
  {
    name: "client-certificates-optional",
    severity: "medium",
    finds: "client certificates that are asked for and that no route requires",
    find({ config }) {
      const clients = config.server.tls?.client_certificates;
      const isUsed = providersOf(config).some(({ kind }) => kind === "client_certificate");
      if (clients === undefined || clients.required || isUsed) return [];
      return [
        {
          path: ["server", "tls", "client_certificates"],
          message:
            "clients without a certificate are let in like those with one: nothing requires it",
          remedy:
            "set `required: true`, or ask for one on routes by an auth provider `client_certificate`",
        },
      ];
    },
  },
  {
    name: "forward-auth-over-http",
    severity: "medium",
    finds: "a service that decides about requests and is asked without TLS over the network",
    find({ config }) {
      return providersOf(config).flatMap(({ kind, settings, path, name }) => {
        const url = typeof settings === "string" ? settings : at(settings, "url");
        if (kind !== "forward" || typeof url !== "string") return [];
        if (!url.startsWith("http://") || isLocalUrl(url)) return [];
        return [
          {
            path: typeof settings === "string" ? path : [...path, "url"],
            message: `the credentials that \`${name}\` passes on can be read on the way, and its answers forged`,
            remedy: "use https://, or a service on this machine",
          },
        ];
      });
    },
  },
  {
    name: "store-in-the-clear",
    severity: "low",
    finds: "a shared store that is spoken to without TLS over the network",
    find({ config }) {
      const url = at(config, "store", "redis");
      if (typeof url !== "string" || !url.startsWith("redis://") || isLocalUrl(url)) return [];
      return [
        {
          path: ["store", "redis"],
          message:
            "counts, the keys of clients and the store's password can be read and altered on the way",
          remedy: "use rediss://, or a network that only gateways and the store are in",
        },
      ];
    },
  },
];

function tooLarge(networks: readonly Network[], path: Path): Finding[] {
  return networks.flatMap(({ address, prefix, family }, index) => {
    if (prefix >= LARGEST[family]) return [];
    const isAll = prefix === 0;
    return [
      {
        path: [...path, index],
        message: isAll
          ? "every client can claim any address, and so get round limits, `allow`, `deny` and the log"
          : `${address}/${prefix} has strangers in it, who can claim any address`,
        remedy: "list the proxies' own addresses or their network, like 10.0.0.0/24",
        ...(isAll ? {} : { severity: "medium" as const }),
      },
    ];
  });
}

function corsFindings(cors: unknown, path: Path): Finding[] {
  const origins = at(cors, "allowed_origins");
  if (at(cors, "allow_credentials") !== true || !Array.isArray(origins)) return [];
  return origins.flatMap((origin: unknown, index): Finding[] => {
    if (typeof origin !== "string") return [];
    const isAny = origin === "*" || origin === "null";
    if (!isAny && !origin.includes("*")) return [];
    return [
      {
        path: [...path, "allowed_origins", index],
        message: isAny
          ? "pages of any origin can ask in the name of people who are logged in, and read the answers"
          : `a page of any host like ${origin} can ask in the name of people who are logged in`,
        remedy: "list the origins that need it, one by one",
        ...(isAny ? {} : { severity: "low" as const }),
      },
    ];
  });
}
