import { Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { defineSection } from "../../pipeline/section.ts";
import { Duration } from "../../units/duration.ts";

const MOST_WAITING = 100_000;
const LONGEST_MS = 86_400_000;

/** How long requests wait for a place unless it is said, in milliseconds. */
export const DEFAULT_WAIT = 1_000;

/** `max_in_flight` of an upstream. */
const maxInFlight = defineSection({
  schema: Type.Optional(
    Type.Transform(
      Type.Union([Type.Integer({ minimum: 1 }), Type.Literal(false)], {
        description:
          "At most this many requests in flight at all backends of the upstream together, those of all routes that share it. Beyond it, requests wait if `max_waiting` lets them; otherwise the answer is 503. No limit by default, besides `server.max_in_flight`; `false`: none, under a default.",
        expected: "a whole number of at least 1",
      }),
    )
      .Decode((written) => (written === false ? undefined : written))
      .Encode((most) => most ?? false),
  ),
});

/** `max_waiting` of an upstream. */
const maxWaiting = defineSection({
  schema: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: MOST_WAITING,
      impliedDefault: 0,
      description:
        "How many requests may wait for a place while the upstream or all of its backends are at `max_in_flight`, first in, first out. Beyond it the answer is 503. None by default: at a limit, an answer at once is better than a late one.",
      expected: `a whole number from 0 to ${MOST_WAITING}`,
    }),
  ),
});

/** `wait_timeout` of an upstream. */
const waitTimeout = defineSection({
  schema: Type.Optional(
    Duration({
      impliedDefault: "1s",
      description:
        "How long a request waits for a place; then the answer is 503. Long enough for a burst to pass: what waits for longer waits because there is too much of it.",
    }),
  ),
  check: (written): ConfigIssue[] =>
    written > 0 && written <= LONGEST_MS
      ? []
      : [{ path: [], message: "`wait_timeout` must be above 0 and at most 1d" }],
});

/** The limits of an upstream. */
export const limitSections = {
  max_in_flight: maxInFlight,
  max_waiting: maxWaiting,
  wait_timeout: waitTimeout,
};
