import { type StaticDecode, type TSchema, Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { defineSection } from "../../pipeline/section.ts";
import { DEFAULT_PATH } from "./verdict.ts";
import { Duration } from "../../units/duration.ts";

const MIN_INTERVAL_MS = 100;
/** Longer timers than 2^31 − 1 ms fire at once; a day is far below and long enough. */
const MAX_SPAN_MS = 86_400_000;

const checksInARow = (options: { description: string; default: number }) =>
  Type.Integer({
    ...options,
    minimum: 1,
    maximum: 1_000,
    expected: "a whole number from 1 to 1000",
  });

const keys = {
  enabled: Type.Boolean({
    default: true,
    description: "Whether backends are checked. Without checks all count as healthy.",
  }),
  // Without a filled-in default: it matters whether the path was configured.
  path: Type.Optional(
    Type.String({
      impliedDefault: DEFAULT_PATH,
      pattern: "^/[^\\s#]*$",
      description:
        "The page that checks request with GET, at the root of the backend's host, without the base path of its URL. Any 2xx answer is a success, a redirect is not. Until a path is set, 404, 405 and 501 count as successes too: the service is up, but has no such page.",
      expected: "a path, like /health",
    }),
  ),
  // Without a filled-in default as well, so that it can be absent.
  grpc: Type.Optional(
    Type.Union([Type.Boolean(), Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_.]{0,126}$" })], {
      impliedDefault: false,
      description:
        "Whether checks ask gRPC's health service (grpc.health.v1.Health/Check) instead of a page; or the name of the service to ask about, like `shop.Orders`. Needs `protocol: http2`, or `auto` with TLS.",
      expected: "true, false or the name of a gRPC service, like shop.Orders",
    }),
  ),
  interval: Duration({
    default: "10s",
    description:
      "The time from one check of a backend to the next, ±10 %; at least 100ms. Before the first success, and while a backend is unhealthy, checks start 1s apart and back off to the interval.",
  }),
  timeout: Duration({
    default: "3s",
    description: "How long a backend may take to answer a check.",
  }),
  unhealthy_after: checksInARow({
    default: 3,
    description: "How many checks in a row must fail for a backend to count as unhealthy.",
  }),
  healthy_after: checksInARow({
    default: 1,
    description:
      "How many checks in a row must succeed for an unhealthy backend to count as healthy.",
  }),
};

const healthCheckSchema = Type.Object(keys, {
  additionalProperties: false,
  default: {},
  description: "How backends are checked, so that unhealthy ones get no requests.",
});

export type HealthCheck = StaticDecode<typeof healthCheckSchema>;

// A default would hide the top-level setting.
function override<Schema extends TSchema>(schema: Schema) {
  const copy = { ...schema };
  delete copy.default;
  return Type.Optional(copy);
}

const routeHealthCheckSchema = Type.Object(
  {
    enabled: override(keys.enabled),
    path: override(keys.path),
    grpc: override(keys.grpc),
    interval: override(keys.interval),
    timeout: override(keys.timeout),
    unhealthy_after: override(keys.unhealthy_after),
    healthy_after: override(keys.healthy_after),
  },
  {
    additionalProperties: false,
    description: "Overrides of the top-level health_check for this route's backends.",
  },
);

/** `health_check` at the top of the configuration. */
export const healthCheck = defineSection({ schema: healthCheckSchema, check });

/** `health_check` of a route: the same keys; those that are absent are as at the top. */
export const routeHealthCheck = defineSection({
  schema: Type.Optional(routeHealthCheckSchema),
  check,
});

/** Finds durations that are well-formed but invalid here; for the top level and for a route. */
function check(config: {
  readonly interval?: number | undefined;
  readonly timeout?: number | undefined;
}): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  const { interval, timeout } = config;
  if (interval !== undefined && (interval < MIN_INTERVAL_MS || interval > MAX_SPAN_MS)) {
    issues.push({ path: ["interval"], message: "interval must be from 100ms to 1d" });
  }
  if (timeout !== undefined && (timeout <= 0 || timeout > MAX_SPAN_MS)) {
    issues.push({ path: ["timeout"], message: "timeout must be above 0 and at most 1d" });
  }
  return issues;
}
