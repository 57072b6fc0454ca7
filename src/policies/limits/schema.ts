import { type StaticDecode, Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { under } from "../../pipeline/section.ts";
import { Duration, durationText } from "../../units/duration.ts";
import { Rate, type WrittenRate } from "../../units/rate.ts";
import { exemptSchema, nameSchema } from "./common-keys.ts";
import { limitKeySchema } from "./limit-key.ts";
import { LONGEST_FILL, MOST_TOKENS } from "./token-bucket.ts";

const RATE = {
  description: "How many requests are admitted on average, at most a million per second.",
};

const burst = Type.Optional(
  Type.Integer({
    minimum: 1,
    maximum: MOST_TOKENS,
    description:
      "How many requests are admitted at once after a pause. Default: as many as the rate says for its unit: 10 of `10/s`, 600 of `600/m`, 1000 of `1000/h`; at least 1.",
  }),
);

const limitProperties = {
  rate: Rate(RATE),
  burst,
  key: limitKeySchema(
    'What the limit counts: `all` requests together, those of each `client_ip` address (of each /64 network in IPv6), or those that have the same text, like `"{header.x-tenant}"` or `"{auth.subject}"`. Requests without the value count as one.',
  ),
  cost: Type.Integer({
    minimum: 1,
    maximum: MOST_TOKENS,
    default: 1,
    description:
      "How many requests one counts for. Useful where limits of one `name` are shared by routes that cost more or less.",
  }),
  exempt: exemptSchema("limit"),
  when_exceeded: Type.Union([Type.Literal("reject"), Type.Literal("delay")], {
    default: "reject",
    description:
      "What happens to a request above the limit: `reject` answers 429 at once; `delay` lets it wait for its turn, at most `max_delay`.",
  }),
  max_delay: Type.Optional(
    Duration({
      impliedDefault: "1s",
      description:
        "How long a request may wait with `when_exceeded: delay`; one that would have to wait longer gets a 429. Short by default: a waiting request takes memory, and its client may give up.",
    }),
  ),
  name: nameSchema(
    "The limit's name in the RateLimit fields. Limits of the same name are one, whose tokens the routes share that write it. Default: `default` at the top, the route's name or path on a route, with `#2` and so on for those after the first.",
  ),
};

/** A limit in a configuration, other than a rate alone. */
const limitSchema = Type.Object(limitProperties, {
  additionalProperties: false,
  aliases: { requests_per_second: ["rate"] },
});

const rateAlone = Rate({ description: "How many requests per second are admitted." });

const EXPECTED = "requests per second, like 50 or 600/m, or { rate, burst, key }";

const list = Type.Array(Type.Union([rateAlone, limitSchema], { expected: EXPECTED }), {
  minItems: 1,
  expected: "a list of limits",
});

/** `rate_limiting` at the top. */
export const globalSchema = Type.Union(
  [
    rateAlone,
    Type.Object(
      {
        enabled: Type.Boolean({ description: "Whether the limit is in force.", default: true }),
        ...limitProperties,
        rate: Rate({ ...RATE, default: 100 }),
      },
      { additionalProperties: false, aliases: { requests_per_second: ["rate"] } },
    ),
    Type.Boolean(),
    list,
  ],
  {
    // Often all of its lines are commented out.
    mayBeEmpty: true,
    description:
      "A limit for all routes together, or a list of limits. A route may have its own in addition.",
    expected: `${EXPECTED}, or a list of these`,
  },
);

/** `rate_limit` of a route. */
export const routeSchema = Type.Union([rateAlone, limitSchema, Type.Literal(false), list], {
  description:
    "A limit for this route, or a list of limits, in addition to those for all routes; a request must be within all of them, and takes nothing from any if one refuses. `false`: none of its own, under a default.",
  expected: `${EXPECTED}, or a list of these`,
  advice: noLimitAdvice,
});

/** The limit of an identity, for files of a provider. */
export const identityLimitSchema = Type.Union(
  [rateAlone, Type.Object({ rate: Rate(RATE), burst }, { additionalProperties: false })],
  {
    description:
      "How many requests are admitted, in addition to what routes admit; those above it get a 429. Default: no limit of its own.",
    expected: "requests per second, like 50 or 600/m, or { rate, burst }",
  },
);

/** An identity's limit in whole, or why there is none. */
export function identityLimitOf(
  written: StaticDecode<typeof identityLimitSchema>,
): { rate: number; burst: number } | ConfigIssue {
  const limit = placed(isRate(written) ? written : { ...NOT_WRITTEN, ...written }, []);
  const [issue] = checkLimit(limit);
  return issue ?? { rate: limit.rate, burst: limit.burst };
}

function noLimitAdvice(written: string): string | undefined {
  return /^(?:off|no|none|unlimited|0)$/i.test(written)
    ? "for no limit on this route, leave the key out or write `false`"
    : undefined;
}

type WrittenLimit = StaticDecode<typeof limitSchema>;
/** `rate_limiting` at the top, or `rate_limit` of a route. */
export type WrittenLimits = StaticDecode<typeof globalSchema> | StaticDecode<typeof routeSchema>;

/** A limit, with all that may be left out. */
export interface LimitConfig extends Omit<WrittenLimit, "rate" | "burst"> {
  /** Tokens per second. */
  readonly rate: number;
  /** Tokens of a full bucket. */
  readonly burst: number;
}

/** A limit, and where it stands below the policy's key. */
export interface PlacedLimit extends LimitConfig {
  readonly path: readonly number[];
  /** Whether it is written as a rate alone. */
  readonly isRate: boolean;
  readonly isBurstWritten: boolean;
}

const NOT_WRITTEN = { key: "all", cost: 1, when_exceeded: "reject" } as const;
const DEFAULT_RATE: WrittenRate = { perSecond: 100, count: 100 };

/** The limits of a configuration, whatever its form. */
export function limitsOf(written: WrittenLimits): PlacedLimit[] {
  if (written === false) return [];
  if (written === true) return [placed(DEFAULT_RATE, [])];
  if (Array.isArray(written)) return written.map((one, index) => placed(one, [index]));
  if ("enabled" in written && !written.enabled) return [];
  return [placed(written, [])];
}

function placed(written: WrittenLimit | WrittenRate, path: readonly number[]): PlacedLimit {
  const limit: WrittenLimit = isRate(written) ? { ...NOT_WRITTEN, rate: written } : written;
  const { perSecond, count } = limit.rate;
  const { burst: writtenBurst } = limit;
  return {
    ...limit,
    rate: perSecond,
    burst: writtenBurst ?? Math.min(MOST_TOKENS, Math.max(1, Math.ceil(count))),
    path,
    isRate: isRate(written),
    isBurstWritten: writtenBurst !== undefined,
  };
}

function isRate(written: object): written is WrittenRate {
  return "perSecond" in written;
}

/** Milliseconds for which a request above a limit may wait; 0 if it is refused. */
export function maxDelayOf({ when_exceeded, max_delay }: LimitConfig): number {
  return when_exceeded === "delay" ? (max_delay ?? DEFAULT_DELAY) : 0;
}

const DEFAULT_DELAY = 1_000;
const LONGEST_DELAY = 60_000;

export function checkLimits(written: WrittenLimits): ConfigIssue[] {
  const limits = limitsOf(written);
  const names = new Set<string>();
  return limits.flatMap((limit) => {
    const issues = under(limit.path, checkLimit(limit));
    if (limit.name === undefined) return issues;
    if (names.has(limit.name)) {
      const message = `two limits here are called \`${limit.name}\`; a request counts once for each name`;
      issues.push({ path: [...limit.path, "name"], message });
    }
    names.add(limit.name);
    return issues;
  });
}

function checkLimit(limit: PlacedLimit): ConfigIssue[] {
  const { rate, burst, cost, isBurstWritten } = limit;
  const ratePath = limit.isRate ? [] : ["rate"];
  if (!(rate > 0 && rate <= MOST_TOKENS)) {
    const message = "a rate must be above zero and at most a million per second";
    return [{ path: ratePath, message }];
  }
  if (burst / rate > LONGEST_FILL) {
    const message =
      "a used-up burst would take more than a year to refill; raise the rate or lower the burst";
    return [{ path: isBurstWritten ? ["burst"] : ratePath, message }];
  }
  if (limit.max_delay !== undefined) {
    const message = delayProblem(limit, limit.max_delay);
    if (message !== undefined) return [{ path: ["max_delay"], message }];
  }
  if (cost > burst) {
    const message = `a request that counts for ${cost} would never be admitted by a burst of ${burst}; lower \`cost\` or raise \`burst\``;
    return [{ path: ["cost"], message }];
  }
  return [];
}

function delayProblem({ when_exceeded }: LimitConfig, delay: number): string | undefined {
  if (when_exceeded === "reject") {
    return "nothing waits unless `when_exceeded: delay` says so; add that, or leave `max_delay` out";
  }
  if (delay > 0 && delay <= LONGEST_DELAY) return undefined;
  return `a delay must be above 0 and at most ${durationText(LONGEST_DELAY)}`;
}

/** Warns of limits that one for all routes never lets a request reach. */
export function compareWithGlobal(
  written: WrittenLimits,
  global: WrittenLimits | undefined,
): ConfigIssue[] {
  if (global === undefined) return [];
  const most = Math.min(
    ...limitsOf(global).flatMap(({ key, rate, exempt }) =>
      key === "all" && exempt === undefined ? rate : [],
    ),
  );
  const ofAll = new Set(limitsOf(global).map(({ name }) => name));
  return limitsOf(written).flatMap(({ rate, cost, name, path, isRate }): ConfigIssue[] => {
    if (name !== undefined && ofAll.has(name)) {
      const message = `\`rate_limiting\` already has a limit \`${name}\`, which counts this request too; choose another name`;
      return [{ path: [...path, "name"], message }];
    }
    if (rate / cost <= most) return [];
    const message = `this limit has no effect: \`rate_limiting\` admits only ${most} requests per second to all routes together`;
    return [{ path: isRate ? path : [...path, "rate"], message, severity: "warning" }];
  });
}
