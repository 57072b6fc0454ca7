import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { backendStates } from "./backend-states.ts";
import { windowParameters } from "./schemas/parameters.ts";
import { backends, certificates, limits, routes } from "./schemas/state.ts";
import { describeRoutes } from "./route-descriptions.ts";
import type { ApiServices } from "./subject.ts";

/** How the gateway is: GET routes, backends, limits, certificates. */
export function stateEndpoints({ snapshot }: ApiServices) {
  const window = Type.Object(windowParameters);
  return new Elysia({ normalize: false })
    .get(
      "/routes",
      () => ({
        routes: describeRoutes(snapshot()).map((route) => ({
          ...route,
          requests: 0,
          error_rate: 0,
          p50_ms: null,
          p99_ms: null,
          last_used_at: null,
          dead: false,
        })),
      }),
      { query: window, response: routes, detail: { summary: "The routes and their use" } },
    )
    .get(
      "/backends",
      () => ({
        backends: backendStates(snapshot()).map((backend) => ({
          ...backend,
          requests: 0,
          error_rate: 0,
          p50_ms: null,
          p99_ms: null,
          last_used_at: null,
        })),
      }),
      { query: window, response: backends, detail: { summary: "The backends and how they are" } },
    )
    .get("/limits", () => ({ limits: [] }), {
      response: limits,
      detail: { summary: "Limits, nearest to exhaustion first" },
    })
    .get("/certificates", () => ({ certificates: [] }), {
      response: certificates,
      detail: { summary: "The certificates that clients get" },
    });
}
