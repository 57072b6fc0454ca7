import { Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { defineSection, under } from "../pipeline/section.ts";
import { parseStoreAddress } from "../store/address.ts";
import { Duration } from "../units/duration.ts";
import { checkTls, tlsSchema } from "./backend-tls.ts";

const SHORTEST_MS = 1;
const LONGEST_MS = 10_000;

const redis = Type.String({
  description:
    "The URL of a Redis server, 6.0 or later, or of one that speaks its protocol, like Valkey: `redis://`, with TLS `rediss://`, or `unix:` and a socket's path. User, password and the number of a database are part of it: `rediss://user:password@host:6379/0`.",
  expected: "a URL, like redis://localhost:6379",
});

const schema = Type.Union(
  [
    redis,
    Type.Object(
      {
        redis,
        timeout: Duration({
          description:
            "How long a request may wait for the store, from 1ms to 10s; afterwards `on_error` decides. Many times what a server in the same network takes, and still hardly felt.",
          default: "50ms",
        }),
        on_error: Type.Union([Type.Literal("local"), Type.Literal("allow"), Type.Literal("deny")], {
          description:
            "What to do while the store is slow or unreachable. `local`: each gateway counts for itself, as without a store: no client is locked out, and none gets more than each gateway's limit. `allow`: nothing is counted. `deny`: what would be counted gets a 503.",
          default: "local",
        }),
        prefix: Type.String({
          description:
            "What all keys in the store begin with. Gateways with the same prefix share their limits; with a hash tag in it, all keys are in one slot of a Redis Cluster.",
          default: "gateway:",
          minLength: 1,
          maxLength: 64,
          pattern: "^[!-~]+$",
          expected: "1 to 64 characters without blanks, like gateway:",
        }),
        tls: Type.Optional(tlsSchema("TLS settings for a `rediss://` URL.", tlsAdvice)),
      },
      { additionalProperties: false },
    ),
  ],
  {
    description:
      "A Redis server that several gateways share: rate limits, limits of concurrency and quotas are then one for all of them. Without it each gateway counts for itself. A URL stands for `redis` alone.",
    expected: "a URL, like redis://localhost:6379, or { redis, timeout, on_error }",
  },
);

function tlsAdvice(written: string): string | undefined {
  return /^(?:true|on|yes)$/i.test(written)
    ? "leave it out: TLS is used for URLs that begin with rediss://"
    : undefined;
}

/** `store` at the top of the configuration. */
export const store = defineSection({
  schema: Type.Optional(schema),
  check(written) {
    if (typeof written === "string") return under([], addressIssues(written));
    const { redis: url, timeout, tls } = written;
    return [
      ...(url === undefined ? [] : under(["redis"], addressIssues(url, tls !== undefined))),
      ...(timeout === undefined ? [] : timeoutIssues(timeout)),
      ...(tls === undefined ? [] : under(["tls"], checkTls(tls))),
    ];
  },
});

function addressIssues(url: string, hasTls = false): ConfigIssue[] {
  const address = parseStoreAddress(url);
  if (typeof address === "string") return [{ path: [], message: address }];
  return hasTls && !address.isEncrypted
    ? [
        {
          path: [],
          message: "`tls` is for a URL that begins with rediss://; this one is not encrypted",
        },
      ]
    : [];
}

function timeoutIssues(timeout: number): ConfigIssue[] {
  return timeout >= SHORTEST_MS && timeout <= LONGEST_MS
    ? []
    : [{ path: ["timeout"], message: "a request may wait for the store from 1ms to 10s" }];
}
