import { type StaticDecode, type TSchema, Type } from "@sinclair/typebox";
import type { Section } from "../pipeline/section.ts";
import { policyRegistry } from "../policies/registry.ts";
import type { Pattern } from "../routing/pattern.ts";
import { conditionSections, routeSections, topSections } from "./sections.ts";

const routeProperties = schemasOf(routeSections);
const topProperties = schemasOf(topSections);

// Conditions and policies bring their own keys, so the static types here end where those begin; the
// registries read each one's part under its key.
const knownRoute = Type.Object(routeProperties);
const knownTop = Type.Object(topProperties);

const { path, ...otherProperties } = routeProperties;
const routeSchema = Type.Object(
  {
    path,
    ...optional(schemasOf(conditionSections)),
    ...otherProperties,
    ...policyKeys("route"),
  },
  { additionalProperties: false, description: "What a request is matched to." },
);

/** The whole configuration file. */
export const configSchema = Type.Object(
  {
    ...topProperties,
    ...policyKeys("global"),
    routes: Type.Array(routeSchema, {
      description:
        "What requests are matched to. The most specific path wins, regardless of the order.",
      minItems: 1,
    }),
  },
  // A place for anchors. What is below such a key is only read where an alias refers to it.
  { additionalProperties: false, ignoredKeys: /^x-/ },
);

export type RouteConfig = StaticDecode<typeof knownRoute> & {
  /** `path`, parsed and normalised like the paths of requests. */
  readonly pattern: Pattern;
};
export type Config = StaticDecode<typeof knownTop> & { readonly routes: readonly RouteConfig[] };

function schemasOf<Sections extends Readonly<Record<string, Section>>>(sections: Sections) {
  const schemas = Object.entries(sections).map(([key, { schema }]) => [key, schema] as const);
  return Object.fromEntries(schemas) as { [Key in keyof Sections]: Sections[Key]["schema"] };
}

function optional(schemas: Readonly<Record<string, TSchema>>): Record<string, TSchema> {
  return Object.fromEntries(
    Object.entries(schemas).map(([key, schema]) => [key, Type.Optional(schema)]),
  );
}

function policyKeys(scope: "global" | "route"): Record<string, TSchema> {
  const keys: Record<string, TSchema> = {};
  for (const definition of policyRegistry) {
    const place = definition[scope];
    if (place !== undefined) keys[place.key] = Type.Optional(place.schema);
  }
  return keys;
}
