import { redirect } from "../policies/answering/redirect.ts";
import { respond } from "../policies/answering/respond.ts";
import { conditionRegistry } from "../routing/conditions/registry.ts";
import { name, path, priority } from "../routing/schema.ts";
import { mirror } from "./mirror-schema.ts";
import { split } from "./split-schema.ts";
import { store } from "./store-schema.ts";
import { metrics } from "../telemetry/metrics/schema.ts";
import { logging, routeTrace } from "../telemetry/schema.ts";
import { tracing } from "../telemetry/tracing/schema.ts";
import { healthCheck, routeHealthCheck } from "../upstream/health/schema.ts";
import { upstreamName, upstreamSections } from "../upstream/schema.ts";
import { admin } from "./admin-schema.ts";
import { backendTls } from "./backend-tls.ts";
import { hedge, retry } from "./retry-schema.ts";
import {
  encodedSlashes,
  maxBodySize,
  preserveHost,
  preservePath,
  timeouts,
  upgrades,
} from "./route-schema.ts";
import { server } from "./server-schema.ts";

/** The keys of an upstream: one under `upstreams`, or that of a route with `backends` of its own. */
export const upstreamKeys = {
  ...upstreamSections,
  preserve_host: preserveHost,
  tls: backendTls,
  health_check: routeHealthCheck,
};

/** The top-level keys, in the order of the reference. Each is defined next to the code it configures. */
export const topSections = {
  server,
  admin,
  store,
  logging,
  metrics,
  tracing,
  health_check: healthCheck,
};

/** The keys of a route, except those of its conditions and policies. */
export const routeSections = {
  path,
  name,
  priority,
  upstream: upstreamName,
  split,
  redirect,
  respond,
  ...upstreamKeys,
  preserve_path: preservePath,
  encoded_slashes: encodedSlashes,
  max_body_size: maxBodySize,
  upgrades,
  timeouts,
  trace: routeTrace,
  retry,
  hedge,
  mirror,
};

/** The keys that say where a route's requests go. Each route has exactly one of them. */
export const routeEnds = ["backends", "upstream", "split", "redirect", "respond"] as const;

/** The keys of a route's conditions. */
export const conditionSections = Object.fromEntries(
  conditionRegistry.map((definition) => [definition.key, definition]),
);
