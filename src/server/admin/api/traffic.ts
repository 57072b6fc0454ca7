import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { GROUPINGS, statisticsProblem } from "../../../telemetry/query/statistics/statistics.ts";
import { ApiProblem } from "./api-problem.ts";
import { answered, windowOf } from "./query-problems.ts";
import { windowParameters } from "./schemas/parameters.ts";
import { overview, refusals, stats } from "./schemas/traffic.ts";
import type { ApiServices } from "./subject.ts";

type Services = Pick<ApiServices, "clock" | "queries">;

const seriesParameters = {
  ...windowParameters,
  route: Type.Optional(Type.String({ maxLength: 2048 })),
  backend: Type.Optional(Type.String({ maxLength: 2048 })),
} as const;

const MOST_GROUPS = 1_000;

/** What the log sums up: GET overview, stats, refusals. */
export function trafficEndpoints({ clock, queries }: Services) {
  return new Elysia({ normalize: false })
    .get(
      "/overview",
      async ({ query: { route, backend, ...window } }) => {
        const request = { ...windowOf(window, clock.wall()), ...named({ route, backend }) };
        const { series, classes, ...rest } = await answered(queries().overview(request));
        return { ...rest, series: [...series], classes: [...classes] };
      },
      {
        query: Type.Object(seriesParameters),
        response: overview,
        detail: { summary: "Requests over a window of time" },
      },
    )
    .get(
      "/stats",
      async ({ query: { by, limit, route, backend, ...window } }) => {
        const request = {
          ...windowOf(window, clock.wall()),
          ...named({ route, backend }),
          by,
          ...(limit !== undefined && { limit: Math.min(Number(limit), MOST_GROUPS) }),
        };
        const problem = statisticsProblem(request);
        if (problem !== undefined) throw new ApiProblem(422, problem);
        const { groups, from, to, step_seconds } = await answered(queries().statistics(request));
        return {
          from,
          to,
          by,
          step_seconds,
          groups: groups.map((group) => ({ ...group, series: [...group.series] })),
        };
      },
      {
        query: Type.Object({
          ...seriesParameters,
          by: Type.Union(GROUPINGS.map((name) => Type.Literal(name))),
          limit: Type.Optional(
            Type.String({ pattern: "^[1-9][0-9]{0,3}$", description: "groups, 100 by default" }),
          ),
        }),
        response: stats,
        detail: { summary: "Requests over a window, by what they have in common" },
      },
    )
    .get(
      "/refusals",
      async ({ query }) => {
        const { from } = windowOf(query, clock.wall());
        return { refusals: [...(await answered(queries().refusals({ since: from })))] };
      },
      {
        query: Type.Object(windowParameters),
        response: refusals,
        detail: { summary: "Who was refused lately, and by what" },
      },
    );
}

function named(names: {
  readonly route?: string | undefined;
  readonly backend?: string | undefined;
}) {
  const { route, backend } = names;
  return { ...(route !== undefined && { route }), ...(backend !== undefined && { backend }) };
}
