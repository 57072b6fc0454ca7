import { type TObject, type TSchema, Type } from "@sinclair/typebox";
import { conditionRegistry } from "../routing/conditions/registry.ts";
import { routeEnds, upstreamKeys } from "./sections.ts";
import { asUpstream } from "./short-forms.ts";
import type { ConfigNode, MappingNode, Place } from "../documents/text/node.ts";

/** What makes a route this one, so that all cannot have it in common. */
export const NOT_IN_COMMON: ReadonlySet<string> = new Set<string>([
  "path",
  "name",
  "priority",
  "strip_prefix",
  "rewrite",
  "discover",
  ...conditionRegistry.map(({ key }) => key),
  ...routeEnds,
]);

/** `defaults`: the keys of a route that all routes may have in common, without their own defaults. */
export function defaultsSchema(route: TObject) {
  const properties = Object.entries(route.properties).flatMap(
    ([key, schema]): [string, TSchema][] =>
      NOT_IN_COMMON.has(key) ? [] : [[key, Type.Optional(withoutDefault(schema))]],
  );
  return Type.Optional(
    Type.Object(Object.fromEntries(properties), {
      additionalProperties: false,
      description:
        "What every route has unless it says otherwise: a key of a route that is written here stands in each route that lacks it, as a whole. Keys of upstreams stand in the `upstreams` and in routes with `backends` of their own. Takes the keys of a route, except those that say what it matches and where its requests go.",
      isListedElsewhere: true,
    }),
  );
}

function withoutDefault(schema: TSchema): TSchema {
  const copy = { ...schema };
  delete copy.default;
  return copy;
}

/**
 * Puts what is below `defaults` into each route and upstream that does not have it, and writes short forms
 * of upstreams out. Before anything is read, so that it is read, checked and reported like what is written there.
 */
export function withDefaults(root: Place): Place {
  if (root.node.kind !== "mapping") return root;
  const { entries } = root.node;
  const defaults = entries.get("defaults")?.node;
  const common = [...(defaults?.kind === "mapping" ? defaults.entries : [])].filter(
    ([key]) => !NOT_IN_COMMON.has(key),
  );
  const ofUpstreams = common.filter(([key]) => Object.hasOwn(upstreamKeys, key));
  const ofRoutes = common.filter(([key]) => !Object.hasOwn(upstreamKeys, key));
  const changed = new Map(entries);
  change(changed, "upstreams", (upstreams) =>
    upstreams.kind === "mapping"
      ? mapping(
          [...upstreams.entries].map(([name, place]) => [
            name,
            filled(asUpstream(place), ofUpstreams),
          ]),
        )
      : upstreams,
  );
  change(changed, "routes", (routes) =>
    routes.kind === "list"
      ? {
          kind: "list",
          items: routes.items.map((place) =>
            filled(place, hasBackends(place.node) ? common : ofRoutes),
          ),
        }
      : routes,
  );
  return { ...root, node: { kind: "mapping", entries: changed } };
}

function hasBackends(route: ConfigNode): boolean {
  return (
    route.kind === "mapping" && (route.entries.has("backends") || route.entries.has("discover"))
  );
}

function change(
  entries: Map<string, Place>,
  key: string,
  by: (node: ConfigNode) => ConfigNode,
): void {
  const place = entries.get(key);
  if (place !== undefined) entries.set(key, { ...place, node: by(place.node) });
}

function filled(place: Place, defaults: readonly (readonly [string, Place])[]): Place {
  if (place.node.kind !== "mapping") return place;
  const { entries } = place.node;
  const missing = defaults.filter(([key]) => !entries.has(key));
  return missing.length === 0 ? place : { ...place, node: mapping([...entries, ...missing]) };
}

function mapping(entries: readonly (readonly [string, Place])[]): MappingNode {
  return { kind: "mapping", entries: new Map(entries) };
}
