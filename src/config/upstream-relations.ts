import { isLoopback } from "../http/address.ts";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { type Checkable, under } from "../pipeline/section.ts";
import { checkProxiedProtocol, checkReach } from "../upstream/destination.ts";
import { checkBackendUrl } from "../upstream/backend-schema.ts";
import { isAddress, splitAddress } from "./admin-schema.ts";
import type { Config, UpstreamKeys } from "./schema.ts";

type Top = Checkable<Config>;
type Keys = Checkable<UpstreamKeys>;

/** What the keys of an upstream are checked against. */
export interface Surroundings {
  /** Recognises URLs of listeners that this configuration opens. */
  readonly isOwn: (url: string) => boolean;
  /** `health_check` at the top. */
  readonly healthCheck: Top["health_check"];
  /** Whether `health_check.timeout` at the top was written. */
  readonly isTimeoutWritten: boolean;
}

/** Finds problems between the keys of an upstream, be it a route's own or a named one. */
export function checkUpstream(keys: Keys, { isOwn, healthCheck, isTimeoutWritten }: Surroundings) {
  const { health_check: own } = keys;
  // A default is no contradiction, and values inherited from the top are reported there.
  const isOwnPace = own?.timeout !== undefined || (isTimeoutWritten && own?.interval !== undefined);
  const pace = isOwnPace ? checkPace({ ...healthCheck, ...own }) : [];
  return [
    ...under(["health_check"], pace),
    ...checkGrpcHealth(keys, healthCheck?.grpc),
    ...checkReaching(keys, isOwn),
    ...checkBackups(keys),
    ...checkWaiting(keys),
  ];
}

/** Whether backends come from a source besides those that are listed. */
function isDiscovered(keys: object): boolean {
  return "discover" in keys && keys.discover !== undefined;
}

/** Warns of a queue in which nobody ever waits. */
function checkWaiting(keys: Keys): ConfigIssue[] {
  const { backends = [], max_in_flight, max_waiting = 0, wait_timeout } = keys;
  if (max_waiting === 0) {
    if (wait_timeout === undefined) return [];
    const message = "`wait_timeout` has no effect: without `max_waiting` no request waits";
    return [{ path: ["wait_timeout"], message, severity: "warning" }];
  }
  const isLimited =
    max_in_flight !== undefined || backends.every((one) => one?.max_in_flight !== undefined);
  if (isLimited || isDiscovered(keys)) return [];
  const message =
    "`max_waiting` has no effect: requests wait only for a limit, `max_in_flight` of the upstream or of each backend";
  return [{ path: ["max_waiting"], message, severity: "warning" }];
}

/** Without another backend, backups would never be spared. */
function checkBackups({ backends = [], ...keys }: Keys): ConfigIssue[] {
  const areAllBackups =
    backends.length > 0 && backends.every((backend) => backend?.backup === true);
  if (isDiscovered(keys) || !areAllBackups) return [];
  const message =
    "all backends are backups; leave out `backup: true` of those that get the requests";
  return [{ path: ["backends"], message }];
}

function checkReaching(
  { backends, tls, protocol = "http1", proxy }: Keys,
  isOwn: (url: string) => boolean,
): ConfigIssue[] {
  const urls = (backends ?? []).flatMap((backend) => backend?.url ?? []);
  const issues: ConfigIssue[] = [];
  if (tls !== undefined && urls.length > 0 && urls.every((url) => /^(?:http|unix):/i.test(url))) {
    const message = "`tls` has no effect: no backend here has an https:// URL";
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

/** gRPC's health service is asked by HTTP/2. */
function checkGrpcHealth(
  { protocol = "http1", backends, health_check: own }: Keys,
  global: boolean | string | undefined,
): ConfigIssue[] {
  const grpc = own?.grpc ?? global ?? false;
  const isOverTls = (backends ?? []).every((backend) => /^https:/i.test(backend?.url ?? ""));
  const speaksHttp2 = protocol === "http2" || (protocol === "auto" && isOverTls);
  if (grpc === false || own?.enabled === false || speaksHttp2) return [];
  const message =
    "gRPC's health service is asked by HTTP/2; set `protocol: http2` as well, or `health_check: { grpc: false }`";
  return [{ path: own?.grpc === undefined ? [] : ["health_check", "grpc"], message }];
}

/** Warns of checks that are slower than their interval; for the top as well. */
export function checkPace({
  enabled,
  interval = 0,
  timeout = 0,
}: NonNullable<Keys["health_check"]>): ConfigIssue[] {
  if (enabled === false || timeout <= interval || interval <= 0) return [];
  const message =
    "`timeout` is longer than `interval`: unresponsive backends are checked less often than every `interval`";
  return [{ path: ["timeout"], message, severity: "warning" }];
}

/** Recognises URLs of listeners that this configuration opens. */
export function ownListeners({ server, admin }: Top): (url: string) => boolean {
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
