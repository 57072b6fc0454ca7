import { Type } from "@sinclair/typebox";
import { type Network, parseNetwork } from "../http/address.ts";
import { untrustedFieldProblem } from "../http/field-rules.ts";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { defineSection } from "../pipeline/section.ts";
import { Duration } from "../units/duration.ts";
import { Size } from "../units/size.ts";
import { hostProblem } from "./listen-host.ts";
import { serverTimeouts, TIMEOUT_ALIASES } from "./timeouts.ts";

const schema = Type.Object(
  {
    host: Type.String({
      description: "The address to listen on; 0.0.0.0 is every IPv4 address, :: every address.",
      default: "0.0.0.0",
      minLength: 1,
      expected: "an address or a host name, like 0.0.0.0 or ::1",
    }),
    port: Type.Integer({
      description: "The port to listen on; 0 picks a free one and logs it.",
      default: 8080,
      minimum: 0,
      maximum: 65_535,
      advice: portAdvice,
    }),
    timeouts: serverTimeouts,
    shutdown_timeout: Duration({
      description: "How long requests in flight may take to finish after SIGTERM or SIGINT.",
      default: "10s",
    }),
    trusted_proxies: Type.Array(
      Type.Transform(
        Type.String({ expected: "an address or a network, like 10.0.0.0/8 or 2001:db8::1" }),
      )
        .Decode(readNetwork)
        .Encode(({ address, prefix }) => `${address}/${prefix}`),
      {
        description:
          "Addresses and networks of proxies in front of the gateway, whose X-Forwarded-* fields and X-Request-Id are trusted.",
        default: [],
      },
    ),
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
        "The largest response of known length that is buffered before it is sent, so that it keeps its Content-Length; longer ones are sent in chunks. Above about 15 KB, buffering costs several times the CPU.",
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
  const [, host, port] = /^(.*):([0-9]{1,5})$/.exec(written) ?? [];
  if (port === undefined) return undefined;
  return host === "" ? `write \`${port}\`` : `write \`host: ${host}\` and \`port: ${port}\``;
}

/** `server` at the top of the configuration. */
export const server = defineSection({ schema, check });

/** Throws an Error if it is neither an address nor a network. */
function readNetwork(written: string): Network {
  const network = parseNetwork(written);
  if (network !== undefined) return network;
  throw new Error(
    `\`${written}\` is neither an address nor a network, like 10.0.0.0/8 or 2001:db8::1`,
  );
}

interface Written {
  readonly host?: string | undefined;
  readonly trusted_proxies?: readonly (Partial<Network> | undefined)[];
  readonly untrusted_fields?: readonly (string | undefined)[];
}

function check({ host, trusted_proxies = [], untrusted_fields = [] }: Written): ConfigIssue[] {
  const message = host === undefined ? undefined : hostProblem(host);
  return [
    ...(message === undefined ? [] : [{ path: ["host"], message }]),
    ...trusted_proxies.flatMap((network, index): ConfigIssue[] => {
      if (network?.prefix !== 0) return [];
      const message = `\`${network.address}/0\` trusts everyone: any client can choose its own address and scheme with X-Forwarded-*; name the proxies' own networks`;
      return [{ path: ["trusted_proxies", index], message, severity: "warning" }];
    }),
    ...untrusted_fields.flatMap((name, index): ConfigIssue[] => {
      const message = name === undefined ? undefined : untrustedFieldProblem(name);
      return message === undefined ? [] : [{ path: ["untrusted_fields", index], message }];
    }),
  ];
}
