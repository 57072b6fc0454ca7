import { type StaticDecode, Type } from "@sinclair/typebox";
import type { Network } from "../http/address-set.ts";
import { untrustedFieldProblem } from "../http/field-rules.ts";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { NetworkText } from "../pipeline/network-text.ts";
import { type Checkable, defineSection, type IsWhole, under } from "../pipeline/section.ts";
import { Duration } from "../units/duration.ts";
import { Size } from "../units/size.ts";
import { encodedSlashesSchema } from "./encoded-slashes.ts";
import { hostProblem } from "./listen-host.ts";
import { serverTls } from "./server-tls.ts";
import { serverTimeouts, TIMEOUT_ALIASES } from "./timeouts.ts";

const schema = Type.Object(
  {
    host: Type.String({
      description: "The address to listen on; 0.0.0.0 is every IPv4 address, :: every address.",
      default: "0.0.0.0",
      minLength: 1,
      expected: "an address or a host name, like 0.0.0.0 or ::1",
    }),
    port: Type.Union([Type.Integer({ minimum: 0, maximum: 65_535 }), Type.Literal("off")], {
      description:
        "The port to listen on without TLS; 0 picks a free one and logs it. `off` opens none: clients connect to tls.port only.",
      default: 8080,
      expected: "a whole number from 0 to 65535, or off",
      advice: portAdvice,
    }),
    tls: serverTls.schema,
    timeouts: serverTimeouts,
    header_timeout: Duration({
      description:
        "How long a client may take to send a request's header section, from its first byte to its end; then the answer is 408. A new connection on which nothing is sent for that long is closed. 0 sets no limit.",
      default: "10s",
    }),
    keep_alive_timeout: Duration({
      description:
        "How long a client's connection may be idle after an answer before it is closed; 0 sets no limit.",
      default: "75s",
    }),
    max_header_size: Size({
      description:
        "The largest header section of a request, request line included, from 1KiB to 1MiB; above it the answer is 431, as it is above 256 fields.",
      default: "64KiB",
      least: 1_024,
      most: 1_048_576,
    }),
    max_connections: Type.Integer({
      description:
        "At most this many client connections. Beyond it idle ones are closed, the oldest first; while none is idle, new clients wait. Fewer where the limit on file descriptors (`ulimit -n`) is too low.",
      default: 20_000,
      minimum: 1,
      maximum: 10_000_000,
    }),
    max_connections_per_client: Type.Integer({
      description:
        "At most this many connections of one client, which is an IPv4 address or an IPv6 /64 network; further ones are closed. 0 sets no limit. The connections of a proxy in front count as one client's, unless `proxy_protocol` names theirs.",
      default: 0,
      minimum: 0,
      maximum: 10_000_000,
    }),
    proxy_protocol: Type.Array(NetworkText(), {
      advice: () => "list the addresses of the proxies that send it, like `[10.0.0.0/8]`",
      description:
        "Addresses and networks of proxies whose connections must begin with the PROXY protocol, version 1 or 2; the client is who it names. From others such a beginning is a malformed request.",
      default: [],
    }),
    http2: Type.Boolean({
      description:
        "Whether clients may speak HTTP/2: by ALPN on the TLS port, by prior knowledge on the plain one.",
      default: true,
    }),
    shutdown_timeout: Duration({
      description: "How long requests in flight may take to finish after SIGTERM or SIGINT.",
      default: "10s",
    }),
    trusted_proxies: Type.Array(NetworkText(), {
      description:
        "Addresses and networks of proxies in front of the gateway, whose X-Forwarded-* fields and X-Request-Id are trusted.",
      default: [],
    }),
    untrusted_fields: Type.Array(Type.String({ expected: "a field name, like X-User" }), {
      description:
        "More request fields that only trusted proxies may send, such as X-User; from others they are removed. docs/http.md lists those that always are.",
      default: [],
    }),
    max_body_size: Size({
      description: "The largest request body; above it the answer is 413.",
      default: "100MB",
    }),
    buffer_size: Size({
      description:
        "Without effect, and accepted so that older files stay valid: an answer keeps its Content-Length, whatever its size.",
      default: "12KiB",
    }),
    max_in_flight: Type.Integer({
      description: "At most this many requests in flight; beyond that the answer is 503.",
      default: 10_000,
      minimum: 1,
    }),
    max_message_size: Size({
      description: "The largest WebSocket message that a client may send.",
      default: "16MiB",
    }),
    encoded_slashes: encodedSlashesSchema({
      description:
        "What an encoded slash or backslash in a path is (`%2F`, `%5C`). `keep`: a part of its segment, which backends get as it is; a request is refused if the decoded path is another route's. `reject`: the answer is 400. `decode`: a slash, for the gateway and for backends.",
      default: "keep",
    }),
    send_forwarded: Type.Boolean({
      description: "Whether backends get Forwarded (RFC 7239) besides X-Forwarded-*.",
      default: false,
    }),
  },
  {
    additionalProperties: false,
    description: "The port that clients connect to.",
    default: {},
    aliases: TIMEOUT_ALIASES,
  },
);

function portAdvice(written: string): string | undefined {
  if (/^(?:no|none|false|null|disabled)$/i.test(written)) return "write `off` for none";
  const [, host, port] = /^(.*):([0-9]{1,5})$/.exec(written) ?? [];
  if (port === undefined) return undefined;
  return host === "" ? `write \`${port}\`` : `write \`host: ${host}\` and \`port: ${port}\``;
}

/** `server` at the top of the configuration. */
export const server = defineSection({ schema, check });

/** Throws an Error if it is neither an address nor a network. */
type Written = Checkable<StaticDecode<typeof schema>>;

function check(written: Written, isWhole: IsWhole): ConfigIssue[] {
  const {
    host,
    port,
    tls,
    proxy_protocol = [],
    trusted_proxies = [],
    untrusted_fields = [],
  } = written;
  const message = host === undefined ? undefined : hostProblem(host);
  return [
    ...(message === undefined ? [] : [{ path: ["host"], message }]),
    ...(port === "off" && tls === undefined && isWhole(written) ? [NO_PORT] : []),
    ...(port === 443 && tls === undefined && isWhole(written) ? [PLAIN_443] : []),
    ...(port === "off" && (tls?.redirect ?? false) !== false ? [NO_REDIRECT] : []),
    ...(tls === undefined ? [] : under(["tls"], serverTls.check?.(tls, isWhole) ?? [])),
    ...checkConnections(written),
    ...everyone("proxy_protocol", proxy_protocol, ({ address, prefix }) =>
      [
        `\`${address}/${prefix}\` lets anyone choose its own address by the PROXY protocol`,
        "and refuses all who do not speak it; name the proxies' own networks",
      ].join(", "),
    ),
    ...everyone(
      "trusted_proxies",
      trusted_proxies,
      ({ address }) =>
        `\`${address}/0\` trusts everyone: any client can choose its own address and scheme with X-Forwarded-*; name the proxies' own networks`,
    ),
    ...untrusted_fields.flatMap((name, index): ConfigIssue[] => {
      const message = name === undefined ? undefined : untrustedFieldProblem(name);
      return message === undefined ? [] : [{ path: ["untrusted_fields", index], message }];
    }),
  ];
}

const NO_REDIRECT: ConfigIssue = {
  path: ["tls", "redirect"],
  message: "`redirect` has no effect: `server.port` is off",
  severity: "warning",
};

const PLAIN_443: ConfigIssue = {
  path: ["port"],
  message: "clients expect TLS on port 443, and without `tls` it speaks plain HTTP",
  severity: "warning",
};

const NO_PORT: ConfigIssue = {
  path: ["port"],
  message: "without `tls` there would be no port for clients; choose a port, or configure `tls`",
};

/** Warns of networks that contain every address of a family. */
function everyone(
  key: string,
  networks: readonly (Partial<Network> | undefined)[],
  warning: (network: Partial<Network>) => string,
): ConfigIssue[] {
  return networks.flatMap((network, index): ConfigIssue[] => {
    if (network?.prefix !== 0) return [];
    return [{ path: [key, index], message: warning(network), severity: "warning" }];
  });
}

function checkConnections({
  header_timeout,
  max_connections = Infinity,
  max_connections_per_client: perClient = 0,
}: Written): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const warn = (key: string, message: string) =>
    issues.push({ path: [key], message, severity: "warning" });
  if (header_timeout === 0) {
    warn(
      "header_timeout",
      "without a limit, clients that never finish a request's header section keep their connections forever",
    );
  }
  if (perClient > max_connections) {
    warn(
      "max_connections_per_client",
      "it is above `max_connections`, and therefore never takes effect",
    );
  }
  return issues;
}
