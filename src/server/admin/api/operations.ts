import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { parseDuration } from "../../../units/duration.ts";
import { ApiProblem } from "./api-problem.ts";
import { type DrainRequest, setDrained } from "./draining.ts";
import { answered } from "./query-problems.ts";
import { audit, drain, drained, logLevel, logLevelSet } from "./schemas/writes.ts";
import type { ApiServices } from "./subject.ts";

type Services = Pick<ApiServices, "operations" | "queries" | "snapshot" | "clock" | "onChange">;

const USUAL_PAGE = 100;
const LARGEST_PAGE = 1_000;
/** Longer than that is for the configuration. */
const LONGEST_LEVEL_MS = 7 * 86_400_000;

/** What an operator changes: POST backends/drain, backends/undrain, log-level; GET audit. */
export function operationEndpoints({ operations, queries, snapshot, clock, onChange }: Services) {
  const { logLevel: level, configuredLevel } = operations;
  const draining = (isOn: boolean) => ({
    handle: ({ body }: { body: DrainRequest }) => {
      const answer = setDrained(snapshot(), body, isOn);
      const what = isOn ? "is drained: it gets no new requests" : "gets requests again";
      onChange(`backend ${answer.url} ${what}, in ${answer.upstreams.join(", ")}`);
      return answer;
    },
    summary: isOn ? "Keep new requests from a backend" : "Let a backend get requests again",
  });
  const [on, off] = [draining(true), draining(false)];
  return new Elysia({ normalize: false })
    .post("/backends/drain", on.handle, {
      body: drain,
      response: drained,
      detail: { summary: on.summary },
    })
    .post("/backends/undrain", off.handle, {
      body: drain,
      response: drained,
      detail: { summary: off.summary },
    })
    .post(
      "/log-level",
      ({ body }) => {
        const before = level.level;
        const duration = body.for === undefined ? undefined : durationOf(body.for);
        // Before a stricter level would hide it.
        onChange(`the log's level is ${body.level}, ${untilText(body.for)}; it was ${before}`);
        level.change(body.level, configuredLevel(), duration);
        const until =
          duration === undefined ? null : new Date(clock.wall() + duration).toISOString();
        return { level: body.level, before, until };
      },
      {
        body: logLevel,
        response: logLevelSet,
        detail: { summary: "Change the level of the log, for a time or until a reload" },
      },
    )
    .get(
      "/audit",
      async ({ query }) => {
        const page = await answered(
          queries().audit({
            limit: Math.min(Number(query.limit ?? USUAL_PAGE), LARGEST_PAGE),
            before: query.cursor === undefined ? undefined : Number(query.cursor),
          }),
        );
        return {
          entries: page.entries.map(({ at, action, by, peer, details, outcome }) => ({
            at,
            action,
            by,
            peer,
            details: JSON.parse(details) as Record<string, unknown>,
            outcome,
          })),
          next: page.next === null ? null : String(page.next),
        };
      },
      {
        query: Type.Object({
          cursor: Type.Optional(Type.String({ pattern: "^[0-9]{1,15}$" })),
          limit: Type.Optional(Type.String({ pattern: "^[1-9][0-9]{0,3}$" })),
        }),
        response: audit,
        detail: { summary: "What was changed by whom, newest first" },
      },
    );
}

function untilText(written: string | undefined): string {
  return written === undefined ? "until the next reload" : `for ${written}`;
}

/** In milliseconds. Throws an ApiProblem. */
function durationOf(written: string): number {
  const duration = parseDuration(written);
  if (typeof duration === "number" && duration > 0 && duration <= LONGEST_LEVEL_MS) return duration;
  throw new ApiProblem(422, "for: expected a duration of up to 7d, like 10m");
}
