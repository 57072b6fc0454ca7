import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { recordTest } from "../../../telemetry/query/match.ts";
import { ApiProblem } from "./api-problem.ts";
import { filtersOf } from "./query-problems.ts";
import { filterParameters } from "./schemas/parameters.ts";
import type { ApiServices } from "./subject.ts";

/** GET live: what is happening, as server-sent events. */
export function liveEndpoints({
  live,
  clock,
  visitorOf,
}: Pick<ApiServices, "live" | "clock" | "visitorOf">) {
  return new Elysia({ normalize: false }).get(
    "/live",
    ({ query, request }) => {
      const { rows = "on", history = "0", ...texts } = query;
      const filters = filtersOf(texts, clock.wall());
      const stream = live.subscribe({
        wants: rows === "off" ? undefined : recordTest(filters),
        history: Number(history),
        mayWatch: visitorOf(request).isStillIn,
      });
      if (stream === undefined) {
        throw new ApiProblem(503, "too many readers of live events; close other pages", 5);
      }
      return new Response(stream, {
        headers: { "content-type": "text/event-stream", "x-accel-buffering": "no" },
      });
    },
    {
      query: Type.Object({
        ...filterParameters,
        rows: Type.Optional(
          Type.Union([Type.Literal("on"), Type.Literal("off")], {
            description: "whether rows are wanted; the filters are theirs",
          }),
        ),
        history: Type.Optional(
          Type.String({
            pattern: "^[0-9]{1,3}$",
            description: "how many of the last seconds are sent first",
          }),
        ),
      }),
      detail: {
        summary: "Live: the events `second`, `rows`, `backends` and `configuration`",
        responses: {
          200: {
            description: "an endless stream",
            content: { "text/event-stream": { schema: { type: "string" } } },
          },
        },
      },
    },
  );
}
