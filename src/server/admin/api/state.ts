import { Type } from "@sinclair/typebox";
import { Elysia } from "elysia";
import { backendStates } from "./backend-states.ts";
import { limitsOf } from "./limits.ts";
import { windowParameters } from "./schemas/parameters.ts";
import { backends, certificates, limits, routes } from "./schemas/state.ts";
import { describeRoutes } from "./route-descriptions.ts";
import type { Snapshot } from "../../../runtime/snapshot/snapshot.ts";
import { NoFileError } from "../../parts/reloading.ts";
import type { ApiServices } from "./subject.ts";
import { useOf } from "./use.ts";

type Services = Pick<
  ApiServices,
  "snapshot" | "queries" | "certificates" | "clock" | "configuration" | "operations"
>;

const DAY_MS = 86_400_000;

/** How the gateway is: GET routes, backends, limits, certificates. */
export function stateEndpoints(services: Services) {
  const { snapshot, queries, certificates: known, clock } = services;
  const window = Type.Object(windowParameters);
  const described = new WeakMap<Snapshot, ReturnType<typeof describeRoutes>>();
  /** The file is read once for each snapshot. */
  const descriptions = () => {
    const current = snapshot();
    const found = described.get(current) ?? describeRoutes(current, writtenBy(services));
    described.set(current, found);
    return found;
  };
  return new Elysia({ normalize: false })
    .get(
      "/routes",
      async ({ query }) => {
        const use = await useOf(queries(), query, clock.wall());
        return {
          routes: descriptions().map((route) => {
            const last_used_at = use.routeUsedAt(route.id);
            return {
              ...route,
              ...use.ofRoute(route.id),
              last_used_at,
              dead: use.isKnown && last_used_at === null,
            };
          }),
        };
      },
      { query: window, response: routes, detail: { summary: "The routes and their use" } },
    )
    .get(
      "/backends",
      async ({ query }) => {
        const use = await useOf(queries(), query, clock.wall());
        return {
          backends: backendStates(snapshot()).map((backend) => ({
            ...backend,
            ...use.ofBackend(backend),
            last_used_at: use.backendUsedAt(backend),
          })),
        };
      },
      {
        query: window,
        response: backends,
        detail: {
          summary:
            "The backends and how they are; sums are those of the URL in this route and upstream",
        },
      },
    )
    .get("/limits", async () => ({ limits: await limitsOf(snapshot(), clock) }), {
      response: limits,
      detail: { summary: "Keys of rate limits and quotas, nearest to exhaustion first" },
    })
    .get(
      "/certificates",
      () => ({
        certificates: known().map(({ names, issuer, notAfter, source }) => ({
          names: [...names],
          issuer,
          not_after: new Date(notAfter).toISOString(),
          days_left: Math.floor((notAfter - clock.wall()) / DAY_MS),
          source,
        })),
      }),
      { response: certificates, detail: { summary: "The certificates that clients get" } },
    );
}

/** The configuration in force, with its lines if its file is small and still says the same. */
function writtenBy({ operations, configuration }: Services) {
  const withoutLines = () => ({ config: configuration(), document: undefined });
  try {
    return operations.reloading.inspect() ?? withoutLines();
  } catch (error) {
    if (error instanceof NoFileError) return withoutLines();
    throw error;
  }
}
