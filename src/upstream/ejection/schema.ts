import { type StaticDecode, Type } from "@sinclair/typebox";
import type { ConfigIssue } from "../../pipeline/policy.ts";
import { defineSection } from "../../pipeline/section.ts";
import { Duration } from "../../units/duration.ts";
import { Percent } from "../../units/percent.ts";
import { failureKinds } from "../failures.ts";

/** The longest time for which a backend is ejected, unless `for` itself is longer; in milliseconds. */
export const LONGEST_EJECTION = 300_000;

const MOST_FAILURES = 1_000;
const SHORTEST_MS = 100;
const LONGEST_MS = 86_400_000;

const ejectionSchema = Type.Object(
  {
    enabled: Type.Boolean({ default: true, description: "Whether backends are ejected." }),
    failures: Type.Integer({
      minimum: 1,
      maximum: MOST_FAILURES,
      default: 5,
      description:
        "How many requests in a row must fail at a backend for it to be ejected. A few, so that a single slow or broken request ejects nothing.",
      expected: `a whole number from 1 to ${MOST_FAILURES}`,
    }),
    on: failureKinds,
    for: Duration({
      default: "30s",
      description:
        "How long a backend is ejected for the first time; the second time twice as long, the third three times, up to 5m. The count falls by one for each such time that it has then been back. About as long as a service takes to restart.",
    }),
    max_ejected: Percent({
      least: 0.01,
      default: "50%",
      description:
        "How much of the pool can be ejected at a time, rounded down, but at least one backend; one that gets requests always stays. By default half, because if more fail, the cause is usually something that they share.",
    }),
  },
  {
    additionalProperties: false,
    expected: "true, false or {failures, on, for, max_ejected}",
    description:
      "Passive health: backends at which requests fail one after another get no requests for a while. Off by default, because a service may answer 500 for reasons of its clients. `true`: on, with its defaults.",
  },
);

export type EjectionConfig = StaticDecode<typeof ejectionSchema>;

/** `ejection` of an upstream. */
export const ejection = defineSection({
  schema: Type.Optional(ejectionSchema),
  check: ({ for: time }): ConfigIssue[] =>
    time === undefined || (time >= SHORTEST_MS && time <= LONGEST_MS)
      ? []
      : [{ path: ["for"], message: "`for` must be from 100ms to 1d" }],
});
