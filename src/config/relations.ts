import type { ConfigIssue } from "../pipeline/policy.ts";
import { type Checkable, type IsWhole, under } from "../pipeline/section.ts";
import { checkRequirements } from "./access-relations.ts";
import { defaultStorage, storageProblem } from "./acme-schema.ts";
import { isAddress, splitAddress } from "./admin-schema.ts";
import { checkAddressRules } from "./address-relations.ts";
import { checkCertificateProviders } from "./certificate-relations.ts";
import { checkHostCertificates } from "./host-certificates.ts";
import { checkQuotaRelations } from "./quota-relations.ts";
import { checkLimitRelations } from "./limit-relations.ts";
import type { Config, RouteConfig } from "./schema.ts";
import { checkRetryRelations } from "./retry-relations.ts";
import { checkTimeouts } from "./timeouts.ts";
import { checkValidationFiles } from "./validation-files.ts";
import { checkPace, checkUpstream, ownListeners, type Surroundings } from "./upstream-relations.ts";

type Top = Checkable<Config>;
type Route = Checkable<RouteConfig>;

/** Whether the value at a path was written, and is not a default. */
export type IsWritten = (path: readonly (string | number)[]) => boolean;

/** Finds problems between sections that are each valid by themselves. */
export function checkRelations(config: Top, isWritten: IsWritten, isWhole: IsWhole): ConfigIssue[] {
  const surroundings: Surroundings = {
    isOwn: ownListeners(config),
    healthCheck: config.health_check,
    isTimeoutWritten: isWritten(["health_check", "timeout"]),
  };
  const hasResponse = isWritten(["server", "timeouts", "response"]);
  return [
    ...checkPorts(config),
    ...checkDefaultStorage(config),
    ...checkHostCertificates(config),
    ...checkLimitRelations(config, isWritten, isWhole),
    ...checkQuotaRelations(config, isWritten, isWhole),
    ...checkValidationFiles(config, isWhole),
    ...checkCertificateProviders(config, isWritten),
    ...under(
      ["server", "timeouts"],
      // An exchange timeout below the default response timeout is no contradiction.
      hasResponse ? checkTimeouts(config.server?.timeouts ?? {}) : [],
    ),
    ...under(
      ["health_check"],
      surroundings.isTimeoutWritten ? checkPace(config.health_check ?? {}) : [],
    ),
    ...(config.routes ?? []).flatMap((route, index) => {
      if (route === undefined) return [];
      return under(
        ["routes", index],
        [
          ...(route.upstream === undefined ? checkUpstream(route, surroundings) : []),
          ...checkPath(route, config.server?.encoded_slashes),
          ...checkAddressRules(route, isWhole),
          ...checkRetryRelations(route, config.server),
          ...checkRequirements(route, (key) => isWritten(["routes", index, key])),
        ],
      );
    }),
    ...Object.entries(config.upstreams ?? {}).flatMap(([name, upstream]) =>
      upstream === undefined
        ? []
        : under(
            ["upstreams", name],
            [
              // A key that was not understood may be what its backends are written below.
              ...(isWhole(upstream) ? checkBackends(name, isWritten) : []),
              ...checkUpstream(upstream, surroundings),
            ],
          ),
    ),
  ];
}

/** A named upstream needs backends, or a source of them. */
function checkBackends(name: string, isWritten: IsWritten): ConfigIssue[] {
  if (["backends", "discover"].some((key) => isWritten(["upstreams", name, key]))) return [];
  return [{ path: [], message: "an upstream needs `backends`, a list of URLs" }];
}

/** A folder for certificates that is written is checked with its section. */
function checkDefaultStorage({ server, logging }: Top): ConfigIssue[] {
  const issuer = server?.tls?.acme;
  if (issuer === undefined || issuer.storage !== undefined || logging?.database === undefined) {
    return [];
  }
  const problem = storageProblem(defaultStorage(logging.database));
  if (problem === undefined) return [];
  const message = `${problem}; name another folder in \`storage\``;
  return [{ path: ["server", "tls", "acme"], message }];
}

/** Ports that would collide; 0 picks a free one. */
function checkPorts({ admin, server }: Top): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const tlsPort = server?.tls?.port;
  if (tlsPort !== undefined && tlsPort !== 0 && tlsPort === server?.port) {
    const message = `port ${tlsPort} is already server.port; choose another, or turn that off with \`port: off\``;
    issues.push({ path: ["server", "tls", "port"], message });
  }
  if (!isAddress(admin?.listen)) return issues;
  const { port } = splitAddress(admin.listen);
  if (port === 0) return issues;
  for (const [key, taken] of [
    ["server.port", server?.port],
    ["server.tls.port", tlsPort],
  ] as const) {
    if (port !== taken) continue;
    const message = `port ${port} is already ${key}; choose another for admin.listen`;
    issues.push({ path: ["admin", "listen"], message });
  }
  return issues;
}

function checkPath(
  { path, preserve_path, encoded_slashes: own }: Route,
  ofServer: Route["encoded_slashes"],
): ConfigIssue[] {
  const mode = own ?? ofServer;
  if (mode === undefined || mode === "keep") return [];
  const source = own === undefined ? "that of `server`" : "that of this route";
  const issues: ConfigIssue[] = [];
  if (path !== undefined && /%(?:2f|5c)/i.test(path)) {
    const message = `no request can match this: \`encoded_slashes\` (${source}) is ${mode}`;
    issues.push({ path: ["path"], message });
  }
  if (preserve_path === true && mode === "decode") {
    const message = `a path cannot be passed on as it is and have its slashes decoded: \`encoded_slashes\` (${source}) must be keep or reject`;
    issues.push({ path: ["preserve_path"], message });
  }
  return issues;
}
