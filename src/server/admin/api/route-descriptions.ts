import { Redirect } from "../../../policies/answering/redirect.ts";
import { FixedAnswer } from "../../../policies/answering/respond.ts";
import { routePlaces, routePolicies } from "../../../runtime/explain/route-policies.ts";
import type { CompiledRoute, Snapshot } from "../../../runtime/snapshot/snapshot.ts";

type Written = Parameters<typeof routePolicies>[0];

/** What a snapshot says of its routes, and the configuration that it is of. */
export function describeRoutes({ routes }: Snapshot, written: Written) {
  const policies = routePolicies(written);
  const places = routePlaces(written);
  return routes.map((route, at) => ({
    id: route.id,
    path: route.path,
    hosts: [...(route.hosts ?? [])].map(String),
    methods: [...(route.methods ?? [])],
    ends_in: endOf(route),
    upstreams: upstreamNames(route),
    policies: policies[at] ?? [],
    file: places[at]?.file ?? null,
    line: places[at]?.line ?? null,
  }));
}

/** How the upstream is called that a route has of its own; the log has no name for it. */
export const ownUpstream = (route: string): string => `of route ${route}`;

/** The names of the upstreams that a route's requests may go to; of its own one `ownUpstream`. */
export function upstreamNames({ id, split, upstreamName, upstreams }: CompiledRoute): string[] {
  if (split !== undefined) return split.weights.shares.map(({ name }) => name);
  if (upstreams.length === 0) return [];
  return [upstreamName === "" ? ownUpstream(id) : upstreamName];
}

function endOf({ split, forward, upstreams }: CompiledRoute): string {
  if (split !== undefined) return "split";
  if (forward instanceof Redirect) return "redirect";
  if (forward instanceof FixedAnswer) return "respond";
  return upstreams.length > 0 ? "upstream" : "answer";
}
