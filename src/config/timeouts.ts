import { Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../pipeline/policy.ts";
import { Duration } from "../units/duration.ts";

const MEANINGS = {
  request:
    "How long a client may take to send a request's body or, for streamed bodies, the next chunk (the time for all of an exchange is `exchange`)",
  response: "How long to wait for a backend's response headers after the request has been sent",
  idle: "How long a response body or a WebSocket may go without any data, whichever side is at fault",
  exchange: "How long a whole exchange may take, streams included",
};

/** `server.timeouts`. */
export const serverTimeouts = Type.Object(
  {
    request: Duration({ description: `${MEANINGS.request}; 0 sets no limit.`, default: "30s" }),
    response: Duration({ description: `${MEANINGS.response}; 0 sets no limit.`, default: "30s" }),
    idle: Duration({ description: `${MEANINGS.idle}; 0 sets no limit.`, default: "5m" }),
    exchange: Duration({
      description: `${MEANINGS.exchange}. 0 sets no limit and is the default, because streams may last as long as they like.`,
      default: "0",
    }),
  },
  { additionalProperties: false, description: "Timeouts of all routes.", default: {} },
);

const override = (key: keyof typeof MEANINGS) =>
  Type.Optional(Duration({ description: `${MEANINGS[key]}; by default server.timeouts.${key}.` }));

/** `timeouts` of a route. */
export const routeTimeouts = Type.Object(
  {
    request: override("request"),
    response: override("response"),
    idle: override("idle"),
    exchange: override("exchange"),
  },
  { additionalProperties: false, description: "Timeouts that differ from the server's." },
);

/** Older names of `server.timeouts`. */
export const TIMEOUT_ALIASES = {
  read_timeout: ["timeouts", "request"],
  write_timeout: ["timeouts", "response"],
  idle_timeout: ["timeouts", "idle"],
  exchange_timeout: ["timeouts", "exchange"],
} as const;

/** Warns of an exchange timeout that always ends before the response timeout. */
export function checkTimeouts({
  exchange = 0,
  response = 0,
}: {
  readonly exchange?: number | undefined;
  readonly response?: number | undefined;
}): ConfigIssue[] {
  if (exchange === 0 || response <= exchange) return [];
  const message = "`exchange` is shorter than `response`, which therefore never takes effect";
  return [{ path: ["exchange"], message, severity: "warning" }];
}
