import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { ApiProblem } from "./api-problem.ts";
import { exchange, exchanges, overview, refusals, stats } from "./schemas/traffic.ts";
import { filterParameters, windowParameters } from "./schemas/parameters.ts";
import type { ApiServices } from "./subject.ts";

const GROUPS = [
  "route",
  "backend",
  "upstream",
  "status",
  "client",
  "subject",
  "key",
  "model",
  "refused_by",
  "error",
] as const;

/** What the log knows: GET overview, stats, exchanges, exchanges/:id, refusals. */
export function trafficEndpoints({ clock }: ApiServices) {
  const now = () => new Date(clock.wall()).toISOString();
  return new Elysia({ normalize: false })
    .get(
      "/overview",
      () => ({
        from: now(),
        to: now(),
        step_seconds: 60,
        totals: {
          requests: 0,
          errors: 0,
          error_rate: 0,
          p50_ms: null,
          p90_ms: null,
          p99_ms: null,
          bytes_in: 0,
          bytes_out: 0,
        },
        series: [],
        classes: [],
      }),
      {
        query: Type.Object({
          ...windowParameters,
          route: Type.Optional(Type.String()),
          backend: Type.Optional(Type.String()),
        }),
        response: overview,
        detail: { summary: "Requests over a window of time" },
      },
    )
    .get("/stats", ({ query }) => ({ from: now(), to: now(), by: query.by, groups: [] }), {
      query: Type.Object({
        ...windowParameters,
        by: Type.Union(GROUPS.map((name) => Type.Literal(name))),
      }),
      response: stats,
      detail: { summary: "Requests over a window, by what they have in common" },
    })
    .get("/exchanges", () => ({ rows: [], next: null, searched_to: null, complete: true }), {
      query: Type.Object({
        ...filterParameters,
        limit: Type.Optional(Type.String({ pattern: "^[0-9]{1,4}$", default: "100" })),
        cursor: Type.Optional(Type.String({ maxLength: 100 })),
      }),
      response: exchanges,
      detail: { summary: "Rows of the log, newest first" },
    })
    .get(
      "/exchanges/:id",
      ({ params }): { row: Record<string, unknown>; curl: string } => {
        throw new ApiProblem(404, `there is no row ${params.id}`);
      },
      {
        params: Type.Object({ id: Type.String({ maxLength: 128 }) }),
        response: exchange,
        detail: { summary: "Everything that is kept of one, by its id or its request id" },
      },
    )
    .get("/refusals", () => ({ refusals: [] }), {
      query: Type.Object(windowParameters),
      response: refusals,
      detail: { summary: "Who was refused, and by what" },
    });
}
