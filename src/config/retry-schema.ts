import { type StaticDecode, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { idempotentMethods, methodProblem } from "../http/methods.ts";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { type Checkable, defineSection } from "../pipeline/section.ts";
import { Duration } from "../units/duration.ts";
import { Percent } from "../units/percent.ts";
import { Size } from "../units/size.ts";

const MOST_ATTEMPTS = 10;
const MOST_BODY = 16 * 1024 * 1024;

const attempts = (options: { readonly default?: number }) =>
  Type.Integer({
    minimum: 1,
    maximum: MOST_ATTEMPTS,
    ...options,
    description:
      "How many attempts there are in all, the first one included; 1 is no retry. Three survive a restart of one backend, and more rarely help.",
    expected: `a whole number from 1 to ${MOST_ATTEMPTS}`,
  });

const condition = Type.Union(
  [
    Type.Literal("connect"),
    Type.Literal("reset"),
    Type.Literal("timeout"),
    Type.Literal("5xx"),
    Type.Integer({ minimum: 400, maximum: 599 }),
  ],
  { expected: "connect, reset, timeout, 5xx or a status from 400 to 599", advice: conditionAdvice },
);

const retryObject = Type.Object(
  {
    attempts: attempts({ default: 3 }),
    on: Type.Array(condition, {
      minItems: 1,
      default: ["connect", "reset", "timeout", 502, 503, 504],
      description:
        "What is tried again. `connect`: no connection, so that no backend got the request; `reset`: the connection broke, or what came is not valid HTTP, before an answer could be passed on; `timeout`: no header section in time; a status, or `5xx`, of the backend's answer. By default what another backend, or the same one a moment later, probably does better: a 500 is usually a bug that would show again.",
    }),
    methods: Type.Array(Type.String({ expected: "a method, like GET" }), {
      minItems: 1,
      default: ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"],
      description:
        "The methods of requests that a backend may have acted on. By default the idempotent ones (RFC 9110 section 9.2.2): acting twice on them is as good as once. A request that reached no backend is tried again whatever its method.",
    }),
    max_body: Size({
      most: MOST_BODY,
      default: "64KiB",
      description:
        "The largest request body that is sent again, up to 16MiB. It is kept in memory until the answer is passed on, for each request in flight; a longer one is not kept, and is not sent again once a backend had any of it.",
    }),
    attempt_timeout: Duration({
      default: "0",
      description:
        "How long one attempt may take until the answer's header section has arrived, if that is less than `timeouts.response`. By default 0: each attempt has `timeouts.response`, because only you know how slow an answer may be. `timeouts.exchange` limits all of them together.",
    }),
    backoff: Duration({
      default: "25ms",
      description:
        "The longest pause before the first retry; it doubles with each further one, up to ten times as much. The pause is random, from 0 to that (full jitter), so that clients that failed together do not come back together. Short, because a client is waiting.",
    }),
    budget: Percent({
      default: "20%",
      description:
        "How many retries there may be, as a share of the upstream's requests in the last 10 s, but always 3 per second. So retries cannot multiply the load of backends that fail because of it. Second attempts of `hedge` count too.",
    }),
  },
  { additionalProperties: false },
);

export type RetryConfig = StaticDecode<typeof retryObject>;

const DEFAULTS: RetryConfig = Value.Decode(retryObject, Value.Default(retryObject, {}));

const retrySchema = Type.Transform(
  Type.Union([Type.Literal(false), attempts({}), retryObject], {
    description:
      "Sends a request again that failed at its backend, to another one while there is one. A number is `attempts`, with the defaults of the rest; `false` turns off what `defaults` has. Without it, only what certainly reached no backend is sent again.",
    expected: "how many attempts there are in all, like 3, or {attempts, on, ...}, or false",
    advice: retryAdvice,
  }),
)
  .Decode((written): RetryConfig | undefined => {
    if (written === false) return undefined;
    return typeof written === "number" ? { ...DEFAULTS, attempts: written } : written;
  })
  .Encode((retry) => retry ?? false);

/** `retry` of a route. */
export const retry = defineSection({ schema: Type.Optional(retrySchema), check: checkRetry });

const after = Duration({
  description:
    "How long the first attempt may go without an answer's header section before there is a second one. Best a little above what 95 of 100 requests take: then 5 % more requests reach the backends, within `retry.budget`.",
});

export interface HedgeConfig {
  readonly after: number;
}

const hedgeSchema = Type.Transform(
  Type.Union(
    [Type.Literal(false), after, Type.Object({ after }, { additionalProperties: false })],
    {
      description:
        "Sends a GET or HEAD request to a second backend if the first one takes long; the first answer is passed on, and the other attempt is dropped. A duration is `after`; `false` turns off what `defaults` has. Off by default, because it costs requests.",
      expected: "a duration, like 200ms, or {after}, or false",
    },
  ),
)
  .Decode((written): HedgeConfig | undefined => {
    if (written === false) return undefined;
    return typeof written === "number" ? { after: written } : written;
  })
  .Encode((hedge) => hedge ?? false);

/** `hedge` of a route. */
export const hedge = defineSection({ schema: Type.Optional(hedgeSchema), check: checkHedge });

function checkRetry({ attempts: all, methods = [] }: Checkable<RetryConfig>): ConfigIssue[] {
  const issues: ConfigIssue[] = [];
  if (all === 1) {
    const message =
      "one attempt in all is no retry; for one retry write 2, and for none, in spite of `defaults`, `false`";
    issues.push({ path: ["attempts"], message, severity: "warning" });
  }
  const ofMethods = methods.flatMap((method, index): ConfigIssue[] => {
    if (method === undefined) return [];
    const path = ["methods", index];
    const problem = methodProblem(method);
    if (problem !== undefined) return [{ path, message: problem }];
    if (idempotentMethods.has(method)) return [];
    const message = `${method} is not idempotent: a backend may act on the same request twice, unless it recognises that by itself`;
    return [{ path, message, severity: "warning" }];
  });
  return [...issues, ...ofMethods];
}

function checkHedge({ after }: Checkable<HedgeConfig>): ConfigIssue[] {
  if (after !== 0) return [];
  const message = "the delay must be above 0, or every request would be sent twice";
  return [{ path: [], message }];
}

/** The names of conditions in other gateways. */
const ELSEWHERE: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:error|all-retryable-errors|any|all|true)$/i,
    "write `[connect, reset, timeout, 502, 503, 504]`",
  ],
  [/^gateway-error$/i, "write `[502, 503, 504]`"],
  [/^(?:connect-failure|conn-failure|refused-stream|connection)$/i, "write `connect`"],
  [/^(?:empty-response|junk-response|invalid_header|response-error|disconnect)$/i, "write `reset`"],
  [/^(?:response-timeout|request-timeout)$/i, "write `timeout`"],
  [/^(?:retriable-4xx|4xx)$/i, "name each status, like 409 or 429"],
  [/^non_idempotent$/i, "add methods that are not idempotent to `methods`, like POST"],
];

function conditionAdvice(written: string): string | undefined {
  const [, status] = /^http_([45][0-9]{2})$/i.exec(written) ?? [];
  if (status !== undefined) return `write \`${status}\``;
  return ELSEWHERE.find(([pattern]) => pattern.test(written))?.[1];
}

function retryAdvice(written: string): string | undefined {
  if (written === "0") return "for no retry, write `false`";
  if (/^(?:true|on|yes)$/i.test(written)) return "write how many attempts there are in all: `3`";
  if (/^(?:off|no|none)$/i.test(written)) return "write `false`";
  return undefined;
}
