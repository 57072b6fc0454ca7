import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { overview, refusals, stats } from "./schemas/traffic.ts";
import { windowParameters } from "./schemas/parameters.ts";
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

/** What the log knows: GET overview, stats, refusals. */
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
    .get("/refusals", () => ({ refusals: [] }), {
      query: Type.Object(windowParameters),
      response: refusals,
      detail: { summary: "Who was refused, and by what" },
    });
}
