import { isLoopback } from "../http/address.ts";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { type Checkable, under } from "../pipeline/section.ts";
import { checkProxiedProtocol, checkReach } from "../upstream/destination.ts";
import { checkBackendUrl } from "../upstream/backend-schema.ts";
import { upstreamSections } from "../upstream/schema.ts";
import { defaultStorage, storageProblem } from "./acme-schema.ts";
import { isAddress, splitAddress } from "./admin-schema.ts";
import type { Config, RouteConfig } from "./schema.ts";
import { checkTimeouts } from "./timeouts.ts";

type Top = Checkable<Config>;
type Route = Checkable<RouteConfig>;

/** Whether the value at a path was written, and is not a default. */
export type IsWritten = (path: readonly (string | number)[]) => boolean;

/** Finds problems between sections that are each valid by themselves. */
export function checkRelations(config: Top, isWritten: IsWritten): ConfigIssue[] {
  const isOwn = ownListeners(config);
  const hasResponse = isWritten(["server", "timeouts", "response"]);
  const hasTimeout = isWritten(["health_check", "timeout"]);
  return [
    ...checkPorts(config),
    ...checkDefaultStorage(config),
    ...under(
      ["server", "timeouts"],
      // An exchange timeout below the default response timeout is no contradiction.
      hasResponse ? checkTimeouts(config.server?.timeouts ?? {}) : [],
    ),
    ...under(["health_check"], hasTimeout ? checkPace(config.health_check ?? {}) : []),
    ...(config.routes ?? []).flatMap((route, index) => {
      if (route === undefined) return [];
      const { health_check: own } = route;
      // A default is no contradiction, and values inherited from the top are reported there.
      const isOwnPace = own?.timeout !== undefined || (hasTimeout && own?.interval !== undefined);
      const pace = isOwnPace ? checkPace({ ...config.health_check, ...own }) : [];
      return under(
        ["routes", index],
        [
          ...under(["health_check"], pace),
          ...checkGrpcHealth(route, config.health_check?.grpc),
          ...checkRoute(route, isOwn),
          ...checkPath(route, config.server?.encoded_slashes),
        ],
      );
    }),
  ];
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

function checkRoute(
  { backends, discover, tls, protocol = "http1", proxy }: Route,
  isOwn: (url: string) => boolean,
): ConfigIssue[] {
  const urls = (backends ?? []).flatMap((backend) => backend?.url ?? []);
  const issues: ConfigIssue[] = [];
  if (backends?.length === 0 && discover === undefined && "discover" in upstreamSections) {
    issues.push({ path: [], message: "a route needs `backends` or `discover`" });
  }
  if (tls !== undefined && urls.length > 0 && urls.every((url) => /^(?:http|unix):/i.test(url))) {
    const message = "`tls` has no effect: no backend of this route has an https:// URL";
    issues.push({ path: ["tls"], message, severity: "warning" });
  }
  if (protocol === "http3") {
    const unusable = (["ca", "certificate", "key", "server_name"] as const).find(
      (key) => tls?.[key] !== undefined,
    );
    if (unusable !== undefined) {
      const message = `\`${unusable}\` cannot be used with HTTP/3: backends are verified for their host, by the authorities of the system; leave it out, or choose another \`protocol\``;
      issues.push({ path: ["tls", unusable], message });
    }
  }
  if (protocol === "auto" && urls.length > 0 && !urls.some((url) => /^https:/i.test(url))) {
    const message =
      "`auto` is HTTP/1.1 for backends without TLS; for HTTP/2 without TLS (h2c) write `http2`";
    issues.push({ path: ["protocol"], message, severity: "warning" });
  }
  const excluded = proxy === undefined ? undefined : checkProxiedProtocol(protocol);
  if (excluded !== undefined) issues.push({ path: ["protocol"], message: excluded });
  for (const [index, backend] of (backends ?? []).entries()) {
    if (backend?.url === undefined) continue;
    const problem =
      checkBackendUrl(backend.url) === undefined
        ? checkReach(backend.url, { protocol, proxy })
        : undefined;
    if (problem !== undefined) {
      issues.push({ path: ["backends", index, "url"], message: problem });
    }
    if (!isOwn(backend.url)) continue;
    const message = `${backend.url} is the gateway itself: requests would loop`;
    issues.push({ path: ["backends", index, "url"], message, severity: "warning" });
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

/** gRPC's health service is asked by HTTP/2. */
function checkGrpcHealth(
  { protocol = "http1", backends, health_check: own }: Route,
  global: boolean | string | undefined,
): ConfigIssue[] {
  const grpc = own?.grpc ?? global ?? false;
  const isOverTls = (backends ?? []).every((backend) => /^https:/i.test(backend?.url ?? ""));
  const speaksHttp2 = protocol === "http2" || (protocol === "auto" && isOverTls);
  if (grpc === false || own?.enabled === false || speaksHttp2) return [];
  const message =
    "gRPC's health service is asked by HTTP/2; set `protocol: http2` of this route, or `health_check: { grpc: false }`";
  return [{ path: own?.grpc === undefined ? [] : ["health_check", "grpc"], message }];
}

function checkPace({
  enabled,
  interval = 0,
  timeout = 0,
}: NonNullable<Route["health_check"]>): ConfigIssue[] {
  if (enabled === false || timeout <= interval || interval <= 0) return [];
  const message =
    "`timeout` is longer than `interval`: unresponsive backends are checked less often than every `interval`";
  return [{ path: ["timeout"], message, severity: "warning" }];
}

/** Recognises URLs of listeners that this configuration opens. */
function ownListeners({ server, admin }: Top): (url: string) => boolean {
  const hosts = new Map<string, string>();
  const add = (scheme: "http" | "https", port: unknown, host: string) => {
    if (port !== 0) hosts.set(`${scheme}:${String(port)}`, host.toLowerCase());
  };
  if (server?.host !== undefined) {
    add("http", server.port, server.host);
    add("https", server.tls?.port, server.host);
  }
  if (isAddress(admin?.listen)) {
    const { host, port } = splitAddress(admin.listen);
    add("http", port, host);
  }
  return (url) => {
    const match = /^(https?):\/\/(\[[^\]]*\]|[^/:]*)(?::([0-9]+))?/i.exec(url);
    if (match === null) return false;
    const scheme = match[1]?.toLowerCase() ?? "";
    const port = Number(match[3] ?? (scheme === "http" ? 80 : 443));
    const listening = hosts.get(`${scheme}:${port}`);
    if (listening === undefined) return false;
    const host = (match[2] ?? "").replace(/^\[|\]$/g, "").toLowerCase();
    return host === listening || leadsTo(host, listening);
  };
}

const LOCALHOST = new Set(["localhost", "127.0.0.1", "::1"]);
const EVERY_ADDRESS = new Set(["0.0.0.0", "::"]);

/** Whether a connection to another name of this machine arrives at the listener. */
function leadsTo(host: string, listening: string): boolean {
  if (EVERY_ADDRESS.has(listening)) {
    return host === "localhost" || EVERY_ADDRESS.has(host) || isLoopback(host);
  }
  return LOCALHOST.has(listening) && (LOCALHOST.has(host) || EVERY_ADDRESS.has(host));
}
