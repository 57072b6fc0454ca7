import { type StaticDecode, type TSchema, Type } from "@sinclair/typebox";
import type { Section } from "../pipeline/section.ts";
import { policyRegistry } from "../policies/registry.ts";
import type { Pattern } from "../routing/pattern.ts";
import { UPSTREAM_NAME } from "../upstream/schema.ts";
import { defaultsSchema } from "./defaults.ts";
import { conditionSections, routeSections, topSections, upstreamKeys } from "./sections.ts";

const routeProperties = schemasOf(routeSections);
const topProperties = schemasOf(topSections);

const upstreamSchema = Type.Object(schemasOf(upstreamKeys), {
  additionalProperties: false,
  description:
    "Backends that belong together, by the name that routes give in `upstream`. A list of backends, or a URL, stands for `backends` alone.",
  expected: "a mapping with `backends`, or a list of URLs",
});

const upstreams = Type.Optional(
  Type.Record(Type.String({ pattern: UPSTREAM_NAME }), upstreamSchema, {
    description:
      "Named upstreams, which routes share: their backends' health, connections and limits are one. A route with `backends` of its own has an upstream of its own, with the same keys.",
    expected: "names, each with its backends, like `users: [http://localhost:9001]`",
  }),
);

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
    upstreams,
    defaults: defaultsSchema(routeSchema),
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
/** An upstream's keys, wherever they stand. */
export type UpstreamKeys = StaticDecode<typeof upstreamSchema>;
export type Config = StaticDecode<typeof knownTop> & {
  readonly upstreams?: Readonly<Record<string, UpstreamKeys>>;
  readonly routes: readonly RouteConfig[];
};

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
