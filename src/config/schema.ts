import { type StaticDecode, type TSchema, Type } from "@sinclair/typebox";
import { policyRegistry } from "../policies/registry.ts";
import { routeMatchProperties } from "../routing/schema.ts";
import { loggingSchema } from "../telemetry/schema.ts";
import { healthCheckSchema, routeHealthCheckSchema } from "../upstream/health/schema.ts";
import { backendSchema } from "../upstream/schema.ts";
import { routeSettings } from "./route-schema.ts";
import { adminSchema, serverSchema } from "./server-schema.ts";

const routeProperties = {
  ...routeMatchProperties,
  backends: Type.Array(backendSchema, {
    description: "Where the route's requests go, each backend according to its weight.",
    minItems: 1,
  }),
  ...routeSettings,
  health_check: Type.Optional(routeHealthCheckSchema),
};

const topProperties = {
  server: serverSchema,
  admin: Type.Optional(adminSchema),
  logging: loggingSchema,
  health_check: healthCheckSchema,
};

// Policies bring their own keys, so the static types here end where those begin; the registry reads
// each policy's part under its key.
const knownRoute = Type.Object(routeProperties);
const knownTop = Type.Object(topProperties);

const routeSchema = Type.Object(
  { ...routeProperties, ...policyKeys("route") },
  { additionalProperties: false, description: "What a request is matched to." },
);

/** The whole configuration file. */
export const configSchema = Type.Object(
  {
    ...topProperties,
    ...policyKeys("global"),
    routes: Type.Array(routeSchema, {
      description: "What requests are matched to; the most specific path wins, whatever the order.",
      minItems: 1,
    }),
  },
  { additionalProperties: false },
);

export type RouteConfig = StaticDecode<typeof knownRoute>;
export type Config = StaticDecode<typeof knownTop> & { readonly routes: readonly RouteConfig[] };

function policyKeys(scope: "global" | "route"): Record<string, TSchema> {
  const keys: Record<string, TSchema> = {};
  for (const definition of policyRegistry) {
    const place = definition[scope];
    if (place !== undefined) keys[place.key] = Type.Optional(place.schema);
  }
  return keys;
}
