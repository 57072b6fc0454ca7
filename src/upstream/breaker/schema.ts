import { type StaticDecode, Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { defineSection } from "../../pipeline/section.ts";
import { Duration } from "../../units/duration.ts";
import { Percent } from "../../units/percent.ts";
import { failureKinds } from "../failures.ts";

const MOST_REQUESTS = 1_000_000;
const MOST_IN_A_ROW = 1_000;
const SHORTEST_MS = 100;
const LONGEST_MS = 86_400_000;

const breakerSchema = Type.Object(
  {
    enabled: Type.Boolean({ default: true, description: "Whether there are circuit breakers." }),
    // Without filled-in defaults: it matters whether one of the three was written.
    failure_ratio: Type.Optional(
      Percent({
        least: 0.01,
        impliedDefault: "50%",
        description:
          "The share of failures within `window` at which a breaker opens. Half: a backend that fails more often than not costs more than it serves.",
      }),
    ),
    minimum_requests: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MOST_REQUESTS,
        impliedDefault: 20,
        description:
          "How many requests there must have been within `window`, so that a few failures at a quiet time open nothing.",
        expected: `a whole number from 1 to ${MOST_REQUESTS}`,
      }),
    ),
    window: Type.Optional(
      Duration({
        impliedDefault: "10s",
        description:
          "How far back requests count. It slides in steps of a tenth. Short enough to see a failure that has just begun.",
      }),
    ),
    consecutive_failures: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MOST_IN_A_ROW,
        description:
          "In place of the three keys above: how many failures in a row open a breaker. For upstreams with few requests.",
        expected: `a whole number from 1 to ${MOST_IN_A_ROW}`,
      }),
    ),
    on: failureKinds,
    open_for: Duration({
      default: "15s",
      description:
        "How long a breaker stays open before requests are tried again; the Retry-After of the answers counts down to it. Enough for a service to restart or to recover from its load.",
    }),
    probes: Type.Integer({
      minimum: 1,
      maximum: MOST_IN_A_ROW,
      default: 3,
      description:
        "How many requests at a time are tried then, and how many of them must succeed for the breaker to close. More than one, so that a lucky answer closes nothing, and few, so that little fails.",
      expected: `a whole number from 1 to ${MOST_IN_A_ROW}`,
    }),
  },
  {
    additionalProperties: false,
    expected:
      "true, false or {failure_ratio, minimum_requests, window, consecutive_failures, on, open_for, probes}",
    description:
      "A circuit breaker for each backend: while too many requests fail at it, it gets none. While the breakers of all healthy backends are open, the answer is 503 `circuit_open`. Off by default, because a service may answer 500 for reasons of its clients. `true`: on, with its defaults.",
  },
);

export type BreakerConfig = StaticDecode<typeof breakerSchema>;

const OF_RATIO = ["failure_ratio", "minimum_requests", "window"] as const;

/** `circuit_breaker` of an upstream. */
export const circuitBreaker = defineSection({
  schema: Type.Optional(breakerSchema),
  check(written) {
    const issues: ConfigIssue[] = [];
    for (const key of ["window", "open_for"] as const) {
      const span = written[key];
      if (span === undefined || (span >= SHORTEST_MS && span <= LONGEST_MS)) continue;
      issues.push({ path: [key], message: `\`${key}\` must be from 100ms to 1d` });
    }
    const other = OF_RATIO.find((key) => written[key] !== undefined);
    if (written.consecutive_failures !== undefined && other !== undefined) {
      const message = `a breaker opens by \`${other}\` or by \`consecutive_failures\`; leave one of them out`;
      issues.push({ path: ["consecutive_failures"], message });
    }
    return issues;
  },
});
