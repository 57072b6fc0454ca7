import { type StaticDecode, Type } from "@sinclair/typebox";
import { FieldName } from "../http/field.ts";
import type { FieldList } from "../http/field-list.ts";
import { GatewayError } from "../pipeline/errors.ts";
import type { Exchange, TakenQuota } from "../pipeline/exchange.ts";
import {
  type ConfigIssue,
  definePolicy,
  type Policy,
  type PolicyServices,
} from "../pipeline/policy.ts";
import { Rate } from "../units/rate.ts";
import { ClientBuckets } from "./client-buckets.ts";
import { BucketSize, LONGEST_FILL, MOST_TOKENS, TokenBucket } from "./token-bucket.ts";

const RATE_OF_REQUESTS = {
  description: "How many requests are admitted on average, at most a million per second.",
};

const limitProperties = {
  requests_per_second: Rate(RATE_OF_REQUESTS),
  burst: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: MOST_TOKENS,
      description:
        "How many requests are admitted at once after a pause. Default: as many as in a second, at least 1.",
    }),
  ),
  key: Type.Union([Type.Literal("all"), Type.Literal("client_ip")], {
    description:
      "What the limit counts: `all` requests together, or those of each `client_ip` address (of each /64 network in IPv6).",
    default: "all",
    expected: "all or client_ip",
  }),
};

const globalSchema = Type.Object(
  {
    enabled: Type.Boolean({ description: "Whether the limit is in force.", default: true }),
    ...limitProperties,
    requests_per_second: Rate({ ...RATE_OF_REQUESTS, default: 100 }),
  },
  {
    additionalProperties: false,
    description: "A limit for all routes together. A route may have its own in addition.",
  },
);

const routeSchema = Type.Union(
  [
    Rate({ description: "How many requests per second are admitted to the route." }),
    Type.Object(limitProperties, { additionalProperties: false }),
    Type.Literal(false),
  ],
  {
    description:
      "A limit for this route, in addition to the one for all routes; a request must be within both. `false`: none of its own, under a default.",
    expected: "requests per second, like 50 or 600/m, or {requests_per_second, burst, key}",
    advice: noLimitAdvice,
  },
);

function noLimitAdvice(written: string): string | undefined {
  return /^(?:off|no|none|unlimited|0)$/i.test(written)
    ? "for no limit on this route, leave the key out or write `false`"
    : undefined;
}

type RouteLimit = StaticDecode<typeof routeSchema>;
type Limit = Exclude<RouteLimit, number | false>;

/**
 * Limits the rate of requests by token buckets. The global limit comes first; its token is returned if
 * the route's limit refuses.
 */
export const rateLimit = definePolicy({
  name: "rate_limit",
  routeReplacesGlobal: false,
  global: { key: "rate_limiting", schema: globalSchema, check: checkLimit, create: createGlobal },
  route: {
    key: "rate_limit",
    schema: routeSchema,
    check: checkRoute,
    checkReferences: compareWithGlobal,
    create(config, services, name) {
      const limit = asLimit(config);
      return limit && createLimit(limit, services, name);
    },
  },
});

function asLimit(config: RouteLimit): Limit | undefined {
  if (config === false) return undefined;
  return typeof config === "number" ? { requests_per_second: config, key: "all" } : config;
}

function burstOf(limit: Limit): number {
  return limit.burst ?? Math.max(1, Math.ceil(limit.requests_per_second));
}

function checkLimit(limit: Limit): ConfigIssue[] {
  const rate = limit.requests_per_second;
  if (!(rate > 0 && rate <= MOST_TOKENS)) {
    return [
      {
        path: ["requests_per_second"],
        message: "a rate must be above zero and at most a million per second",
      },
    ];
  }
  if (burstOf(limit) / rate > LONGEST_FILL) {
    return [
      {
        path: limit.burst === undefined ? ["requests_per_second"] : ["burst"],
        message:
          "a used-up burst would take more than a year to refill; raise the rate or lower the burst",
      },
    ];
  }
  return [];
}

function checkRoute(config: RouteLimit): ConfigIssue[] {
  const limit = asLimit(config);
  const issues = limit === undefined ? [] : checkLimit(limit);
  return typeof config === "number" ? issues.map(({ message }) => ({ path: [], message })) : issues;
}

/** Warns of a limit that the one for all routes never lets a request reach. */
function compareWithGlobal(config: RouteLimit, global: unknown): ConfigIssue[] {
  const limit = asLimit(config);
  if (global === undefined || limit === undefined) return [];
  const { enabled, key, requests_per_second: most } = global as StaticDecode<typeof globalSchema>;
  const { requests_per_second: rate } = limit;
  if (!enabled || key !== "all" || rate <= most) return [];
  const message = `this limit has no effect: \`rate_limiting\` admits only ${most} requests per second to all routes together`;
  const path = typeof config === "number" ? [] : ["requests_per_second"];
  return [{ path, message, severity: "warning" }];
}

function createGlobal(
  config: StaticDecode<typeof globalSchema>,
  services: PolicyServices,
  name: string,
): Policy | undefined {
  return config.enabled ? createLimit(config, services, name) : undefined;
}

function createLimit(limit: Limit, { clock, keep }: PolicyServices, name: string): Policy {
  const rate = limit.requests_per_second;
  const size = new BucketSize(rate, burstOf(limit));
  // A reload that does not change the limit keeps its level.
  const key = `${limit.key} ${rate} ${size.burst}`;
  const bucketFor = keep(key, () => bucketChooser(limit, size));
  const item = quotedString(name);
  // A client that sends at most q requests in any w seconds is never refused; more may be admitted.
  const policyItem = `${item};q=${size.burst};w=${Math.ceil(size.burst / rate)}`;

  return {
    name: "rate_limit",

    request(exchange) {
      const now = clock.monotonic();
      const bucket = bucketFor(exchange.client.address, now);
      const admitted = bucket.take(now);
      if (!admitted) for (const quota of exchange.quotas) quota.giveBack();
      const taken = new TakenToken(policyItem, item, bucket);
      exchange.quotas.push(taken);
      if (admitted) return undefined;
      throw new GatewayError("rate_limited", `too many requests; try again in ${taken.seconds} s`, {
        fields: { "retry-after": `${taken.seconds}` },
      });
    },

    response(exchange, answer) {
      // The innermost limit reports for all of them, and replaces the backend's own fields.
      if (exchange.quotas.at(-1)?.policyItem === policyItem) reportQuotas(exchange, answer.fields);
    },
  };
}

function bucketChooser(
  limit: Limit,
  size: BucketSize,
): (address: string, now: number) => TokenBucket {
  if (limit.key === "client_ip") {
    const buckets = new ClientBuckets(size);
    return (address, now) => buckets.bucketFor(address, now);
  }
  const bucket = new TokenBucket(size);
  return () => bucket;
}

/** What one exchange found in a bucket; others take from it before the answer is sent. */
class TakenToken implements TakenQuota {
  readonly policyItem: string;
  /** Seconds until there is one more token. */
  readonly seconds: number;
  readonly #name: string;
  readonly #bucket: TokenBucket;
  #remaining: number;

  constructor(policyItem: string, name: string, bucket: TokenBucket) {
    this.policyItem = policyItem;
    this.seconds = bucket.secondsToNext;
    this.#name = name;
    this.#bucket = bucket;
    this.#remaining = bucket.remaining;
  }

  item(): string {
    return `${this.#name};r=${this.#remaining};t=${this.seconds}`;
  }

  giveBack(): void {
    this.#bucket.giveBack();
    this.#remaining += 1;
  }
}

/** Sets RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers). */
function reportQuotas(exchange: Exchange, fields: FieldList): void {
  let policies = "";
  let items = "";
  for (const quota of exchange.quotas) {
    policies = policies === "" ? quota.policyItem : `${policies}, ${quota.policyItem}`;
    items = items === "" ? quota.item() : `${items}, ${quota.item()}`;
  }
  fields.put(POLICY.with(policies));
  fields.put(REMAINING.with(items));
}

const POLICY = new FieldName("ratelimit-policy");
const REMAINING = new FieldName("ratelimit");

/** A String of RFC 9651 section 3.3.3; characters that it cannot hold are percent-encoded. */
function quotedString(text: string): string {
  const ascii = text.toWellFormed().replace(/[^\x20-\x7E]/gu, encodeURIComponent);
  return `"${ascii.replace(/["\\]/g, "\\$&")}"`;
}
